// Trees without macros, names as paths, static parts; MG_FIELDS for a class.
#include "dsl-check.h"

namespace {

using mg::Tensor;

enum class Act { relu, tanh };
struct Linear {
  Tensor w, b;
};
struct Block {
  Linear in;
  std::optional<Linear> gate;
  Act act = Act::relu;
};
struct Net {
  std::array<Linear, 2> heads;
  std::vector<Block> layers;
  std::tuple<Tensor, int> misc;
  std::pair<Tensor, Tensor> norm;
  std::map<std::string, Tensor> tables;
  std::string name;
  float scale = 1;
};
class Private : Linear {
public:
  Private(Tensor w, Tensor b) : Linear{w, b}, extra_(w) {}
  MG_FIELDS(Linear::w, Linear::b, extra_)

private:
  Tensor extra_;
};
struct Tree {
  Tensor t;
  std::vector<Tree> children;
};
struct Keyed {
  mg::Key key; // a member without a default
  Tensor t;
  mg::Key other;
};
struct Empty {};
struct Holder {
  Empty nothing;
  Tensor (*activation)(mg::Arg);
  Tensor t;
};
template <int N> struct Chain {
  Chain<N - 1> next;
  Tensor t;
};
template <> struct Chain<0> {
  Tensor t;
};

const Tensor t = mg::from({1.0f});
const Linear l{t, t};
const Net n{{l, l},
            {{l, l}, {l, std::nullopt, Act::tanh}},
            {t, 3},
            {t, t},
            {{"pos", t}},
            "net",
            2};

TEST(Trees, Paths) {
  std::string all;
  for (const std::string &p : mg::paths(n))
    all += p + " ";
  EXPECT_EQ(all, "heads.0.w heads.0.b heads.1.w heads.1.b layers.0.in.w "
                 "layers.0.in.b layers.0.gate.w layers.0.gate.b "
                 "layers.1.in.w layers.1.in.b misc.0 norm.0 norm.1 "
                 "tables.pos ");
}

TEST(Trees, UnflattenKeepsStaticParts) {
  mg::Leaves leaves = mg::flatten(n);
  for (std::size_t i = 0; i < leaves.size(); ++i)
    leaves[i] = Tensor(int(i));
  Net m = mg::unflatten(n, leaves);
  EXPECT_EQ(m.layers[1].in.b.item<int>(), 9);
  EXPECT_EQ(m.name, "net");
  EXPECT_EQ(std::get<1>(m.misc), 3);
  Net k = mg::map([](Tensor a, Tensor b) { return a + b; }, n, m);
  EXPECT_EQ(k.tables["pos"].item<int>(), 14);
}

TEST(Trees, KeysTellStructureAndStaticParts) {
  Net other = n;
  EXPECT_EQ(mg::key_of(other), mg::key_of(n));
  other.layers[1].act = Act::relu;
  EXPECT_NE(mg::key_of(other), mg::key_of(n));
  other = n;
  other.norm.first = mg::from({1.0f, 2.0f});
  EXPECT_NE(mg::key_of(other), mg::key_of(n));
  EXPECT_NE(mg::key_of(Holder{{}, mg::relu, t}),
            mg::key_of(Holder{{}, mg::tanh, t}));
}

TEST(Trees, KindsOfStructs) {
  const auto p = mg::paths(Private(t, t));
  EXPECT_EQ(p, (std::vector<std::string>{"w", "b", "extra_"}));
  EXPECT_EQ(mg::paths(Tree{t, {{t, {}}, {t, {{t, {}}}}}}).back(),
            "children.1.children.0.t");
  EXPECT_EQ(mg::paths(Keyed{mg::Key(1), t, mg::Key(2)})[2], "other.state_");
  EXPECT_EQ(mg::paths(Holder{{}, mg::relu, t})[0], "t");
  struct Local {
    Linear l;
    int n;
  };
  EXPECT_EQ(mg::paths(Local{l, 1})[1], "l.b");
  EXPECT_EQ(mg::flatten(Chain<20>{}).size(), 21u);
}

} // namespace
