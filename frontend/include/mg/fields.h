// The fields of a plain aggregate, without macros: their number, references to
// them, their names.
//
// Number: the most initialisers `T{any, any, ...}` takes. References: a
// structured binding of that many names. Names: the compiler's spelling of
// `&fake<T>.field`, a pointer to a subobject of a variable that is declared and
// never defined. What this cannot see (C arrays, base classes, private members)
// is found and said in a static_assert.
#pragma once
#include <array>
#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace mg {

/// Lets MG_FIELDS stand in a private section.
struct FieldAccess {
  template <class T> static auto tie(T &t) { return t.mg_fields(); }
  template <class T> static constexpr std::string_view names() {
    return T::mg_field_names();
  }
  template <class T>
  static constexpr bool has = requires(T &t) { t.mg_fields(); };
};

/// For classes with private members, constructors or bases: `MG_FIELDS(w, b)`
/// names the fields by hand.
#define MG_FIELDS(...)                                                         \
  friend struct ::mg::FieldAccess;                                             \
  auto mg_fields() { return std::tie(__VA_ARGS__); }                           \
  static constexpr std::string_view mg_field_names() { return #__VA_ARGS__; }

inline constexpr std::size_t max_fields = 64;

namespace detail {

struct Any {
  // Never called, yet defined: clang wants that of a type without linkage.
  template <class T> operator T() const { std::abort(); }
};
template <class D> struct AnyBaseOf {
  template <class B>
    requires(std::is_base_of_v<B, D> && !std::is_same_v<B, D>)
  operator B() const;
};
template <std::size_t> using AnyAt = Any;

template <class T, class... A>
concept Takes = requires { T{A{}...}; };

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
  return Takes<T, AnyAt<I>...>;
}
template <class T, std::size_t N>
inline constexpr bool takes_n = takes<T>(std::make_index_sequence<N>{});

/// The largest N that T takes: doubling, then bisection, so a struct of 40
/// fields needs about 12 tries.
template <class T, std::size_t Low, std::size_t High>
consteval std::size_t between() {
  if constexpr (High - Low <= 1)
    return Low;
  else if constexpr (constexpr std::size_t mid = (Low + High) / 2;
                     takes_n<T, mid>)
    return between<T, mid, High>();
  else
    return between<T, Low, mid>();
}
template <class T, std::size_t N = 1> consteval std::size_t count_up() {
  if constexpr (N > 2 * max_fields)
    return N;
  else if constexpr (takes_n<T, N>)
    return count_up<T, N * 2>();
  else
    return between<T, N / 2, N>();
}
/// A member without a default makes few initialisers as wrong as too many: then
/// one by one.
template <class T, std::size_t N = 1> consteval std::size_t count_along() {
  if constexpr (N > max_fields || (takes_n<T, N> && !takes_n<T, N + 1>))
    return N;
  else
    return count_along<T, N + 1>();
}
template <class T> consteval std::size_t count() {
  if constexpr (takes_n<T, 0>)
    return count_up<T>();
  else
    return count_along<T>();
}

/// `T{I of any, {}, K of any}`: an empty brace fills a whole field. Where a C
/// array starts at I, the K = N - I - 1 that follow any other field are too
/// many, but some smaller K fits; where nothing fits, the field merely has no
/// default.
template <class T, std::size_t... B, std::size_t... A>
consteval bool brace_fits(std::index_sequence<B...>,
                          std::index_sequence<A...>) {
  return requires { T{AnyAt<B>{}..., {}, AnyAt<A>{}...}; };
}
template <class T, std::size_t I, std::size_t... K>
consteval bool any_brace_fits(std::index_sequence<K...>) {
  return (brace_fits<T>(std::make_index_sequence<I>{},
                        std::make_index_sequence<K>{}) ||
          ...);
}
template <class T, std::size_t N, std::size_t I> consteval bool array_at() {
  if constexpr (brace_fits<T>(std::make_index_sequence<I>{},
                              std::make_index_sequence<N - I - 1>{}))
    return false;
  else
    return any_brace_fits<T, I>(std::make_index_sequence<N - I - 1>{});
}
template <class T, std::size_t N, std::size_t... I>
consteval bool no_array(std::index_sequence<I...>) {
  return !(array_at<T, N, I>() || ...);
}

template <class T> inline constexpr bool has_base = Takes<T, AnyBaseOf<T>>;

// The conditions of the static_asserts below: both compilers print their names,
// and so the struct's.
template <class T> inline constexpr bool has_no_base = !has_base<T>;
template <class T, std::size_t N>
inline constexpr bool has_countable_fields = N > 0 || std::is_empty_v<T>;
template <class T, std::size_t N>
inline constexpr bool has_at_most_64_fields = N <= max_fields;
template <class T, std::size_t N>
inline constexpr bool has_no_c_array =
    no_array<T, N>(std::make_index_sequence<N>{});

/// The number of fields, or a message in plain words.
template <class T> consteval std::size_t field_count() {
  static_assert(has_no_base<T>,
                "mg: this struct inherits: put the base in as a member, or "
                "list the fields in MG_FIELDS(...)");
  if constexpr (has_base<T>)
    return 0;
  else {
    constexpr std::size_t n = count<T>();
    static_assert(has_countable_fields<T, n>,
                  "mg: a member takes anything (std::any, std::function): list "
                  "the fields in MG_FIELDS");
    static_assert(has_at_most_64_fields<T, n>,
                  "mg: this struct has more than 64 fields: group some of them "
                  "in a nested struct");
    if constexpr (n > max_fields)
      return 0;
    else {
      static_assert(has_no_c_array<T, n>,
                    "mg: this struct holds a C array: use std::array<T, N>");
      return has_no_c_array<T, n> ? n : 0;
    }
  }
}

#define MG_8(p) p##0, p##1, p##2, p##3, p##4, p##5, p##6, p##7
#define MG_BIND(n, ...)                                                        \
  else if constexpr (N == n) {                                                 \
    auto &[__VA_ARGS__] = t;                                                   \
    return std::tie(__VA_ARGS__);                                              \
  }
template <std::size_t N, class T> constexpr auto bind(T &t) {
  if constexpr (N == 0)
    return std::tie();
  MG_BIND(1, a0)
  MG_BIND(2, a0, a1)
  MG_BIND(3, a0, a1, a2)
  MG_BIND(4, a0, a1, a2, a3)
  MG_BIND(5, a0, a1, a2, a3, a4)
  MG_BIND(6, a0, a1, a2, a3, a4, a5)
  MG_BIND(7, a0, a1, a2, a3, a4, a5, a6)
  MG_BIND(8, MG_8(a))
  MG_BIND(9, MG_8(a), b0)
  MG_BIND(10, MG_8(a), b0, b1)
  MG_BIND(11, MG_8(a), b0, b1, b2)
  MG_BIND(12, MG_8(a), b0, b1, b2, b3)
  MG_BIND(13, MG_8(a), b0, b1, b2, b3, b4)
  MG_BIND(14, MG_8(a), b0, b1, b2, b3, b4, b5)
  MG_BIND(15, MG_8(a), b0, b1, b2, b3, b4, b5, b6)
  MG_BIND(16, MG_8(a), MG_8(b))
  MG_BIND(17, MG_8(a), MG_8(b), c0)
  MG_BIND(18, MG_8(a), MG_8(b), c0, c1)
  MG_BIND(19, MG_8(a), MG_8(b), c0, c1, c2)
  MG_BIND(20, MG_8(a), MG_8(b), c0, c1, c2, c3)
  MG_BIND(21, MG_8(a), MG_8(b), c0, c1, c2, c3, c4)
  MG_BIND(22, MG_8(a), MG_8(b), c0, c1, c2, c3, c4, c5)
  MG_BIND(23, MG_8(a), MG_8(b), c0, c1, c2, c3, c4, c5, c6)
  MG_BIND(24, MG_8(a), MG_8(b), MG_8(c))
  MG_BIND(25, MG_8(a), MG_8(b), MG_8(c), d0)
  MG_BIND(26, MG_8(a), MG_8(b), MG_8(c), d0, d1)
  MG_BIND(27, MG_8(a), MG_8(b), MG_8(c), d0, d1, d2)
  MG_BIND(28, MG_8(a), MG_8(b), MG_8(c), d0, d1, d2, d3)
  MG_BIND(29, MG_8(a), MG_8(b), MG_8(c), d0, d1, d2, d3, d4)
  MG_BIND(30, MG_8(a), MG_8(b), MG_8(c), d0, d1, d2, d3, d4, d5)
  MG_BIND(31, MG_8(a), MG_8(b), MG_8(c), d0, d1, d2, d3, d4, d5, d6)
  MG_BIND(32, MG_8(a), MG_8(b), MG_8(c), MG_8(d))
  MG_BIND(33, MG_8(a), MG_8(b), MG_8(c), MG_8(d), e0)
  MG_BIND(34, MG_8(a), MG_8(b), MG_8(c), MG_8(d), e0, e1)
  MG_BIND(35, MG_8(a), MG_8(b), MG_8(c), MG_8(d), e0, e1, e2)
  MG_BIND(36, MG_8(a), MG_8(b), MG_8(c), MG_8(d), e0, e1, e2, e3)
  MG_BIND(37, MG_8(a), MG_8(b), MG_8(c), MG_8(d), e0, e1, e2, e3, e4)
  MG_BIND(38, MG_8(a), MG_8(b), MG_8(c), MG_8(d), e0, e1, e2, e3, e4, e5)
  MG_BIND(39, MG_8(a), MG_8(b), MG_8(c), MG_8(d), e0, e1, e2, e3, e4, e5, e6)
  MG_BIND(40, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e))
  MG_BIND(41, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), f0)
  MG_BIND(42, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), f0, f1)
  MG_BIND(43, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), f0, f1, f2)
  MG_BIND(44, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), f0, f1, f2, f3)
  MG_BIND(45, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), f0, f1, f2, f3, f4)
  MG_BIND(46, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), f0, f1, f2, f3, f4,
          f5)
  MG_BIND(47, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), f0, f1, f2, f3, f4,
          f5, f6)
  MG_BIND(48, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f))
  MG_BIND(49, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), g0)
  MG_BIND(50, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), g0, g1)
  MG_BIND(51, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), g0, g1, g2)
  MG_BIND(52, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), g0, g1, g2,
          g3)
  MG_BIND(53, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), g0, g1, g2,
          g3, g4)
  MG_BIND(54, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), g0, g1, g2,
          g3, g4, g5)
  MG_BIND(55, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), g0, g1, g2,
          g3, g4, g5, g6)
  MG_BIND(56, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g))
  MG_BIND(57, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g), h0)
  MG_BIND(58, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g), h0,
          h1)
  MG_BIND(59, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g), h0,
          h1, h2)
  MG_BIND(60, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g), h0,
          h1, h2, h3)
  MG_BIND(61, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g), h0,
          h1, h2, h3, h4)
  MG_BIND(62, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g), h0,
          h1, h2, h3, h4, h5)
  MG_BIND(63, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g), h0,
          h1, h2, h3, h4, h5, h6)
  MG_BIND(64, MG_8(a), MG_8(b), MG_8(c), MG_8(d), MG_8(e), MG_8(f), MG_8(g),
          MG_8(h))
}
#undef MG_BIND
#undef MG_8

template <class T> struct Fake {
  T value;
};
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T> extern Fake<T> fake;

/// clang writes `Pointer = &fake.value.fc1`, g++ `auto Pointer = (&
/// fake<Mlp>.Fake<Mlp>::value.Mlp::fc1)`.
template <auto Pointer> consteval std::string_view spelled() {
  std::string_view s = __PRETTY_FUNCTION__;
#if defined(__clang__)
  s.remove_suffix(1);
#else
  s = s.substr(0, s.rfind(')'));
#endif
  return s.substr(s.find_last_of(".:") + 1);
}
template <class T, std::size_t N, std::size_t... I>
consteval auto spelled_names(std::index_sequence<I...>) {
  return std::array<std::string_view, N>{
      spelled<&std::get<I>(bind<N>(fake<T>.value))>()...};
}
template <class T> struct FieldNames {
  static constexpr std::size_t size = field_count<T>();
  static constexpr std::array<std::string_view, size> list =
      spelled_names<T, size>(std::make_index_sequence<size>{});
};
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

} // namespace detail
} // namespace mg
