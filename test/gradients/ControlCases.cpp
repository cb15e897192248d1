//===- ControlCases.cpp - cases of branches and loops ---------------------===//
#include "Cases.h"

using namespace mg::test;

//===--- scan
//---------------------------------------------------------------===//

/// h' = tanh(w h + x), which is an output, too; so is sin of the h before.
static const char *const recurrent = R"(
func.func private @recurrent(%w: tensor<3x3xf64>, %h: tensor<3xf64>, %x: tensor<3xf64>)
    -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) {
  %wh = mg.dot %w, %h contract [1] x [0] : (tensor<3x3xf64>, tensor<3xf64>) -> tensor<3xf64>
  %s = mg.add %wh, %x : tensor<3xf64>
  %n = mg.tanh %s : tensor<3xf64>
  %o = mg.sin %h : tensor<3xf64>
  return %n, %n, %o : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
}
)";

/// A carry that counts, one that never changes, one that becomes active only
/// through another one; a constant that needs exp.
static const char *const carries = R"(
func.func private @carries(%w: tensor<f64>, %n: tensor<i32>, %k: tensor<2xf64>, %a: tensor<2xf64>, %b: tensor<2xf64>, %x: tensor<2xf64>)
    -> (tensor<i32>, tensor<2xf64>, tensor<2xf64>, tensor<2xf64>, tensor<2xf64>) {
  %one = mg.constant dense<1> : tensor<i32>
  %m = mg.add %n, %one : tensor<i32>
  %f = mg.convert truncate %m : tensor<i32> -> tensor<f64>
  %e = mg.exp %w : tensor<f64>
  %g = mg.mul %e, %f : tensor<f64>
  %wide = mg.broadcast %g [] : tensor<f64> -> tensor<2xf64>
  %s = mg.sin %b : tensor<2xf64>
  %ax = mg.mul %a, %x : tensor<2xf64>
  %c = mg.sin %ax : tensor<2xf64>
  %d = mg.mul %s, %k : tensor<2xf64>
  %p = mg.mul %d, %wide : tensor<2xf64>
  %q = mg.add %c, %b : tensor<2xf64>
  return %m, %k, %c, %q, %p : tensor<i32>, tensor<2xf64>, tensor<2xf64>, tensor<2xf64>, tensor<2xf64>
}
)";

/// x's running product, over the rows' running sums.
static const char *const nested = R"(
func.func private @inner(%w: tensor<f64>, %h: tensor<f64>, %x: tensor<f64>) -> (tensor<f64>, tensor<f64>) {
  %p = mg.mul %w, %x : tensor<f64>
  %s = mg.sin %p : tensor<f64>
  %n = mg.add %h, %s : tensor<f64>
  return %n, %n : tensor<f64>, tensor<f64>
}
func.func private @outer(%w: tensor<f64>, %h: tensor<f64>, %row: tensor<2xf64>) -> (tensor<f64>, tensor<2xf64>) {
  %last, %all = mg.scan @inner(%w, %h, %row) consts 1 carries 1 length 2 reverse
      : (tensor<f64>, tensor<f64>, tensor<2xf64>) -> (tensor<f64>, tensor<2xf64>)
  %n = mg.cos %last : tensor<f64>
  return %n, %all : tensor<f64>, tensor<2xf64>
}
)";

static std::string scan(const std::string &body, int consts, int carries,
                        int length, bool isReverse = false) {
  return "body = @" + body + ", consts = " + std::to_string(consts) +
         " : i64, carries = " + std::to_string(carries) +
         " : i64, length = " + std::to_string(length) + " : i64" +
         (isReverse ? ", reverse" : "");
}

static void addScans(Cases &cases) {
  for (int length : {0, 1, 4, 50}) {
    const std::string stack = std::to_string(length) + "x3xf64";
    for (bool isReverse : {true, false})
      if (!isReverse || length < 50) // once is enough: it takes long
        cases.push_back({"scan",
                         {{"3x3xf64"}, {"3xf64"}, {stack}},
                         scan("recurrent", 1, 1, length, isReverse),
                         {"3xf64", stack, stack},
                         recurrent});
  }
  cases.push_back(
      {"scan",
       {{"f64"}, {"i32", 0, 3}, {"2xf64"}, {"2xf64"}, {"2xf64"}, {"3x2xf64"}},
       scan("carries", 1, 4, 3),
       {"i32", "2xf64", "2xf64", "2xf64", "3x2xf64"},
       carries});
  cases.push_back({"scan",
                   {{"f64"}, {"f64"}, {"3x2xf64"}},
                   scan("outer", 1, 1, 3),
                   {"f64", "3x2xf64"},
                   nested});
}

//===--- while
//--------------------------------------------------------------===//

/// n counts to 3; x' = w sin(x).
static const char *const counted = R"(
func.func private @below(%w: tensor<2xf64>, %n: tensor<i32>, %x: tensor<2xf64>) -> tensor<i1> {
  %three = mg.constant dense<3> : tensor<i32>
  %c = mg.compare lt %n, %three : tensor<i32>
  return %c : tensor<i1>
}
func.func private @trip(%w: tensor<2xf64>, %n: tensor<i32>, %x: tensor<2xf64>) -> (tensor<i32>, tensor<2xf64>) {
  %one = mg.constant dense<1> : tensor<i32>
  %m = mg.add %n, %one : tensor<i32>
  %s = mg.sin %x : tensor<2xf64>
  %y = mg.mul %w, %s : tensor<2xf64>
  return %m, %y : tensor<i32>, tensor<2xf64>
}
)";

/// As long as x is below a limit that it never comes close to.
static const char *const grown = R"(
func.func private @small(%w: tensor<f64>, %x: tensor<f64>) -> tensor<i1> {
  %most = mg.constant dense<100.0> : tensor<f64>
  %c = mg.compare lt %x, %most : tensor<f64>
  return %c : tensor<i1>
}
func.func private @grow(%w: tensor<f64>, %x: tensor<f64>) -> tensor<f64> {
  %y = mg.mul %w, %x : tensor<f64>
  %s = mg.sin %y : tensor<f64>
  %z = mg.add %y, %s : tensor<f64>
  return %z : tensor<f64>
}
)";

static std::string loop(const std::string &condition, const std::string &body,
                        int consts, int trips) {
  return "condition = @" + condition + ", body = @" + body +
         ", consts = " + std::to_string(consts) +
         " : i64, max_trips = " + std::to_string(trips) + " : i64";
}

static void addWhiles(Cases &cases) {
  for (int trips : {0, 2, 5}) // none, cut off, enough
    cases.push_back({"while",
                     {{"2xf64"}, {"i32", 0, 4}, {"2xf64"}},
                     loop("below", "trip", 1, trips),
                     {"i32", "2xf64"},
                     counted});
  cases.push_back({"while",
                   {{"f64"}, {"f64"}},
                   loop("small", "grow", 1, 3),
                   {"f64"},
                   grown});
}

//===--- if
//-----------------------------------------------------------------===//

/// Branches that keep different things for the way back.
static const char *const branches = R"(
func.func private @product(%a: tensor<2xf64>, %b: tensor<2xf64>) -> (tensor<2xf64>, tensor<f64>) {
  %s = mg.sin %a : tensor<2xf64>
  %p = mg.mul %s, %b : tensor<2xf64>
  %q = mg.tanh %p : tensor<2xf64>
  %r = mg.reduce sum %q [0] : tensor<2xf64> -> tensor<f64>
  return %q, %r : tensor<2xf64>, tensor<f64>
}
func.func private @first(%a: tensor<2xf64>, %b: tensor<2xf64>) -> (tensor<2xf64>, tensor<f64>) {
  %zero = mg.constant dense<0.0> : tensor<2xf64>
  %c = mg.compare lt %a, %zero : tensor<2xf64>
  %e = mg.exp %a : tensor<2xf64>
  %y = mg.select %c, %e, %a : tensor<2xi1>, tensor<2xf64>
  %n = mg.constant dense<1.0> : tensor<f64>
  return %y, %n : tensor<2xf64>, tensor<f64>
}
)";

/// A scan in a while in an if.
static const char *const deep = R"(
func.func private @step(%w: tensor<f64>, %h: tensor<f64>, %x: tensor<f64>) -> tensor<f64> {
  %p = mg.mul %w, %h : tensor<f64>
  %s = mg.sin %p : tensor<f64>
  %n = mg.add %s, %x : tensor<f64>
  return %n : tensor<f64>
}
func.func private @always(%w: tensor<f64>, %xs: tensor<3xf64>, %h: tensor<f64>) -> tensor<i1> {
  %c = mg.constant dense<true> : tensor<i1>
  return %c : tensor<i1>
}
func.func private @pass(%w: tensor<f64>, %xs: tensor<3xf64>, %h: tensor<f64>) -> tensor<f64> {
  %y = mg.scan @step(%w, %h, %xs) consts 1 carries 1 length 3 : (tensor<f64>, tensor<f64>, tensor<3xf64>) -> tensor<f64>
  return %y : tensor<f64>
}
func.func private @twice(%w: tensor<f64>, %xs: tensor<3xf64>) -> tensor<f64> {
  %y = mg.while @always do @pass(%w, %xs, %w) consts 2 max_trips 2 : (tensor<f64>, tensor<3xf64>, tensor<f64>) -> tensor<f64>
  return %y : tensor<f64>
}
func.func private @same(%w: tensor<f64>, %xs: tensor<3xf64>) -> tensor<f64> {
  return %w : tensor<f64>
}
)";

static void addIfs(Cases &cases) {
  auto branch = [](const std::string &yes, const std::string &no) {
    return "then_function = @" + yes + ", else_function = @" + no;
  };
  cases.push_back({"if",
                   {{"i1", 0, 2}, {"2xf64", 0.2, 1}, {"2xf64"}},
                   branch("product", "first"),
                   {"2xf64", "f64"},
                   branches});
  cases.push_back({"if",
                   {{"i1", 1, 2}, {"2xf64", -1, -0.2}, {"2xf64"}},
                   branch("first", "product"),
                   {"2xf64", "f64"},
                   branches});
  cases.push_back({"if",
                   {{"i1", 0, 2}, {"f64"}, {"3xf64"}},
                   branch("twice", "same"),
                   {"f64"},
                   deep});
}

void mg::test::addControlCases(Cases &cases) {
  addScans(cases);
  addWhiles(cases);
  addIfs(cases);
}
