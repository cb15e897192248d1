// Every public header's programs: compiled by both compilers without warnings.
#include "mg/mg.h"

struct Linear {
  mg::Tensor w, b;
  mg::Tensor operator()(mg::Tensor x) const { return matmul(x, w) + b; }
};
struct Mlp {
  Linear fc1, fc2;
  mg::Tensor operator()(mg::Tensor x) const { return fc2(relu(fc1(x))); }
};

mg::Tensor program(const Mlp &model, mg::Tensor x) {
  auto step = mg::jit([](Mlp m, mg::Tensor x) { return std::pair{m, m(x)}; });
  auto [same, y] = step(model, x);
  y = y(mg::slice(0, 2), mg::all, mg::newaxis).at(0).set(1);
  (void)mg::aot::entry("infer", &Mlp::operator(), mg::aot::weights(model),
                       mg::spec({2, 4}));
  const mg::optim::Adam adam{.lr = 1e-3f};
  auto [params, state, loss] = adam.update(model, adam.init(model), model, x);
  auto narrow =
      mg::autocast([](mg::nn::Linear l, mg::Tensor x) { return l(x); });
  const auto net = mg::nn::sequential(mg::nn::Linear{x, {}}, &mg::relu);
  y = y + narrow(std::get<0>(net.layers), net(loss)) + params.fc1.b;
  auto loss_of = [](Mlp m, mg::Tensor x) { return std::tuple{mean(m(x)), x}; };
  auto [value, gradient] = mg::value_and_grad(loss_of)(model, x);
  y = y + gradient.fc1.w + std::get<0>(value);
  auto each = mg::vmap(mg::grad(mg::checkpoint(loss_of, mg::Checkpoint::dots)),
                       {.in = {mg::none, 0}, .out = -1});
  y = y + each(model, x).fc2.b + mg::hessian([](mg::Tensor v) {
        return sum(mg::stop_gradient(v) * v);
      })(x);
  auto [end, all] =
      mg::scan([](mg::Tensor c, mg::Nothing) { return std::pair{c, c}; }, y,
               mg::nothing, {.reverse = true, .length = 3});
  return mean(softmax(y)) + mg::all(x > 0) + end + all;
}
