// The signature of what a transform is given, and the parameter type of what it
// gives back.
#pragma once
#include <concepts>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "mg/tree.h"

namespace mg {

/// A parameter of a transformed function: keeps the declared type (so `{...}`
/// and conversions work as before), whether the caller gave the value away
/// (`std::move`: donation), and the caller's line.
template <class T> struct In {
  T value;
  bool donated;
  Where where;
  In(const T &v, Where w = Where::current())
      : value(v), donated(false), where(w) {}
  In(T &&v, Where w = Where::current())
      : value(std::move(v)), donated(true), where(w) {}
  template <class U>
    requires(!std::same_as<std::remove_cvref_t<U>, T> &&
             !std::same_as<std::remove_cvref_t<U>, In> &&
             std::convertible_to<U, T>)
  In(U &&u, Where w = Where::current())
      : value(std::forward<U>(u)), donated(false), where(w) {}
};

namespace detail {

template <class A> struct Plain {
  using type = std::remove_cvref_t<A>;
};
template <class T> struct Plain<In<T>> {
  using type = T;
};
template <class A> using plain = typename Plain<std::remove_cvref_t<A>>::type;

/// R(Args...) of a function, a pointer to one, a member function (the object
/// comes first) or a lambda; void if generic.
template <class F> struct Signature {
  using type = void;
};
template <class R, class... A> struct Signature<R(A...)> {
  using type = plain<R>(plain<A>...);
};
template <class R, class... A>
struct Signature<R (*)(A...)> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> : Signature<R(C, A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R(C, A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R(C, A...)> {};

template <class M> struct Call {
  using type = void;
};
template <class C, class R, class... A>
struct Call<R (C::*)(A...)> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct Call<R (C::*)(A...) const> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct Call<R (C::*)(A...) const noexcept> : Signature<R(A...)> {};
template <class F>
  requires requires { &F::operator(); }
struct Signature<F> : Call<decltype(&F::operator())> {};

template <class F> using signature = typename Signature<std::decay_t<F>>::type;
template <class F, class... A>
using result = std::remove_cvref_t<std::invoke_result_t<const F &, A &...>>;

} // namespace detail

/// Gives `operator()` the signature of F where it has one (so braces,
/// conversions, lines and `signature` of the result work), and a template where
/// F is a generic lambda. Self has `call(where, donated, tuple of arguments)`.
template <class Self, class Sig> class Callable;

template <class Self, class R, class... A> class Callable<Self, R(A...)> {
  static_assert((detail::is_readable<A>() && ...));

public:
  auto operator()(In<A>... in) const {
    static_assert(
        !std::is_void_v<R>,
        "mg: a transformed function returns a tree of tensors, not void");
    const Where where[] = {in.where..., Where::current()};
    const std::vector<bool> donated{in.donated...};
    return static_cast<const Self &>(*this).call(
        where[0], donated, std::tuple<A...>(std::move(in.value)...));
  }
  /// For a transform around this one, whose caller's line is the user's.
  auto called_at(Where where, A... a) const {
    return static_cast<const Self &>(*this).call(
        where, std::vector<bool>(sizeof...(A)),
        std::tuple<A...>(std::move(a)...));
  }
};
template <class Self> class Callable<Self, void> {
public:
  template <class... A> auto operator()(A &&...a) const {
    std::vector<bool> donated{!std::is_lvalue_reference_v<A>...};
    return static_cast<const Self &>(*this).call(
        Where::current(), donated,
        std::tuple<std::remove_cvref_t<A>...>(std::forward<A>(a)...));
  }
  template <class... A> auto called_at(Where where, const A &...a) const {
    return static_cast<const Self &>(*this).call(
        where, std::vector<bool>(sizeof...(A)), std::tuple<A...>(a...));
  }
};

namespace detail {

/// f(a...), as if `where` called it.
template <class F, class... A>
decltype(auto) call_at(Where where, const F &f, A &...a) {
  if constexpr (requires { f.called_at(where, a...); })
    return f.called_at(where, a...);
  else
    return std::invoke(f, a...);
}

} // namespace detail

} // namespace mg
