//===- main.cpp - mgc, minigrad's compiler: options and verbs -------------===//
#include "RunFlags.h"

#include "frontend/driver/BenchModel.h"
#include "frontend/driver/BisectModel.h"
#include "frontend/driver/Command.h"
#include "frontend/driver/CompileModel.h"
#include "frontend/driver/Doctor.h"
#include "frontend/driver/DoctorModel.h"
#include "frontend/driver/GradModel.h"
#include "frontend/driver/InspectModel.h"
#include "frontend/driver/OnnxTest.h"
#include "frontend/driver/QuantizeModel.h"
#include "frontend/driver/Roofline.h"
#include "frontend/driver/RunModel.h"
#include "frontend/driver/VerifyModel.h"

#include <unistd.h>

using namespace mg::driver;

namespace {

constexpr const char *examples = R"(Examples:
  mgc compile mlp.mlir -o mlp.o          an object and mlp.h beside it
  mgc run mlp.mlir -i x=@x.npy --output y=@y.npy
  mgc verify mlp.mlir --mcpu=native,x86-64-v2)";

/// What a model leaves open.
void addSizes(CLI::App &app, Options &options) {
  app.add_option("--shape", options.shapes, "INPUT=8x64")
      ->allow_extra_args(false);
  app.add_option("--dim", options.dims,
                 "NAME=SIZE[,SIZE..] for an open dimension")
      ->allow_extra_args(false);
  app.add_option("--constant", options.constants,
                 "INPUT=@FILE.npy, i64[2]:3,4: an input of an ONNX model that "
                 "is fixed")
      ->allow_extra_args(false);
}

/// Options of CLI11 are lists; one that is given once a value is not.
void addCommonFlags(CLI::App &app, Options &options) {
  app.add_option("MODEL", options.model, ".mlir, bytecode or .onnx; '-': stdin")
      ->required();
  app.add_option("-O", options.optLevel, "optimization level (default 2)")
      ->check(CLI::Range(0, 3))
      ->option_text("0..3");
  app.add_option("--mcpu", options.levels,
                 "CPU levels: native, x86-64-v2, x86-64-v3, x86-64-v4, "
                 "icelake-server, znver4; "
                 "aarch64 alone")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--entry", options.entry, "only this entry of the model");
  app.add_flag("--fast-math", options.fastMath,
               "allow reassociation and contraction; f16 and bf16 are rounded "
               "only where they are stored");
  app.add_flag("--no-winograd", options.noWinograd,
               "3x3 convolutions as sums of products");
  app.add_option("--weights", options.weights, "embed, or FILE.safetensors")
      ->allow_extra_args(false);
  addSizes(app, options);
  app.add_option("--dump-dir", options.dumpDir, "write every level's IR here");
  // For those who look for a pass at fault.
  app.add_option("--disable-pass", options.disabledPasses)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group("");
  app.add_flag("--time-report", options.timeReport, "print where time goes");
  app.add_option("--trace", options.trace, "write a Chrome trace (JSON)");
}

void addThreads(CLI::App &app, Options &options) {
  app.add_option("--threads", options.threads, "0: one per CPU (the default)");
}

void addColor(CLI::App &app, std::string &color) {
  app.add_option("--color", color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->option_text("WHEN");
}

/// Takes `-mllvm X` out: to CLI11 it would be -m with the value "llvm".
std::vector<std::string> takeLlvmOptions(std::vector<std::string> &words) {
  std::vector<std::string> taken, rest;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-mllvm" && i + 1 < words.size())
      taken.push_back(words[++i]);
    else
      rest.push_back(words[i]);
  }
  words = rest;
  return taken;
}

class Mgc {
public:
  Mgc() : app("mgc: tensor programs to native code", "mgc") {
    app.footer(examples);
    app.require_subcommand(1);
    app.set_version_flag("--version", "mgc " MG_VERSION);
    app.fallthrough(false);
    addCompile();
    addGrad();
    addQuantize();
    addRun();
    addVerify();
    addBench();
    addInspect();
    addBisect();
    addDoctor();
  }

  int run(int argc, char **argv) {
    command.assign(argv, argv + argc);
    std::vector<std::string> words(argv + 1, argv + argc);
    options.llvmOptions = takeLlvmOptions(words);
    // A model in the verb's place means compile.
    bool isVerb = !words.empty() && !app.get_subcommands([&](CLI::App *sub) {
                                          return sub->check_name(words[0]);
                                        })
                                         .empty();
    if (!words.empty() && !words[0].starts_with("--") && !isVerb &&
        words[0] != "-h")
      words.insert(words.begin(), "compile");
    std::reverse(words.begin(), words.end());
    try {
      app.parse(words);
    } catch (const CLI::ParseError &error) {
      return reportUsage(error);
    }
    options.color =
        color == "always" || (color == "auto" && isatty(STDERR_FILENO));
    return verb();
  }

private:
  int reportUsage(const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    Failure failure(Exit::Usage, "mgc", error.what(), "mgc --help");
    printFailure(failure, false);
    return static_cast<int>(Exit::Usage);
  }

  CLI::App *add(const char *name, const char *text) {
    CLI::App *sub = app.add_subcommand(name, text);
    if (sub->get_name() != "doctor") {
      addCommonFlags(*sub, options);
      sub->add_flag("-v", options.verbose, "say more");
      sub->add_flag("-q", options.quiet, "say less");
      sub->footer("-mllvm OPTION hands an option to LLVM.");
    }
    addColor(*sub, color);
    return sub;
  }

  int withModel(std::function<Exit(const ModelSource &)> work) {
    return mg::driver::withModel(options, command, work);
  }

  void addOnnxTest(CLI::App &app) {
    app.get_option("MODEL")->required(false);
    app.add_option("--onnx-test", onnxTest.folder,
                   "folder of test_data_set_N with input_0.pb, output_0.pb; "
                   "MODEL is DIR/model.onnx where none is named")
        ->excludes("--input")
        ->option_text("DIR");
  }

  /// The model that the user names, or that of the tests.
  int withModelOrTest(std::function<Exit(const ModelSource &)> work) {
    if (options.model.empty() && !onnxTest.folder.empty())
      options.model = modelOfTest(onnxTest.folder);
    if (!options.model.empty())
      return withModel(work);
    const Failure failure(Exit::Usage, "mgc",
                          "needs a MODEL, or --onnx-test DIR");
    printFailure(failure, options.color);
    return static_cast<int>(failure.status);
  }

  void addCompile() {
    CLI::App *sub = add("compile", "write native code, or a level of the IR");
    sub->add_option("-o", out,
                    ".o .a .so .s .ll .mlir, or no ending: an executable; '-': "
                    "stdout")
        ->required()
        ->option_text("OUT");
    sub->add_option("--emit", emit,
                    "stop at a level: mg, grad, simplified, linalg, buffers, "
                    "vector, llvm, asm, obj");
    sub->add_option("--prepared-weights", options.preparedWeights,
                    "write the weights outside as the kernels read them: the "
                    "file that NAME_load_weights takes then")
        ->option_text("FILE.safetensors");
    sub->callback([this] {
      verb = [this] {
        return reportFailures(
            [&] {
              OutputPlan plan = planOutput(out, emit);
              return static_cast<Exit>(
                  withModel([&](const ModelSource &source) {
                    return compileModel(options, source, out, plan);
                  }));
            },
            options.color);
      };
    });
  }

  void addGrad() {
    CLI::App *sub = add("grad", "add the gradient of a loss as an entry");
    sub->add_option("--wrt", gradOptions.wrt, "inputs or weights")
        ->required()
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("NAMES");
    sub->add_option("--loss", gradOptions.loss, "the output to derive")
        ->option_text("OUT");
    out = "-";
    sub->add_option("-o", out, "as of compile; '-' (the default): stdout")
        ->option_text("OUT");
    sub->add_option("--emit", emit,
                    "stop at a level: mg, grad (.mlir and stdout), ...");
    sub->callback([this] {
      verb = [this] {
        return reportFailures(
            [&] {
              OutputPlan plan = planOutput(out, emit);
              if (emit.empty() && plan.level == "mg")
                plan.level = "grad";
              return static_cast<Exit>(
                  withModel([&](const ModelSource &source) {
                    return gradModel(options, source, gradOptions, out, plan);
                  }));
            },
            options.color);
      };
    });
  }

  void addQuantize() {
    CLI::App *sub = add("quantize", "weights in 8 or 4 bits");
    sub->footer(R"(Examples:
  mgc quantize mlp.mlir --data images           mlp.int8.mlir, .safetensors
  mgc quantize mlp.mlir --data images --weights int4 --out small.mlir
  mgc quantize mlp.mlir --data images --activations int8 --json)");
    sub->get_option("--weights")
        ->description("int8 (default) or int4; FILE.safetensors: those of "
                      "MODEL");
    sub->add_option("--data", quantizeOptions.data,
                    "a folder: INPUT.npy, or .npz and .safetensors files")
        ->required()
        ->option_text("DIR");
    sub->add_option("--activations", quantizeOptions.activations,
                    "f32 (default): as they are, or int8")
        ->check(CLI::IsMember({"f32", "int8"}))
        ->option_text("TYPE");
    sub->add_option("--percentile", quantizeOptions.percentile,
                    "of an input's numbers that int8 holds (default 100)")
        ->check(CLI::Range(50.0, 100.0))
        ->option_text("P");
    sub->add_option("--out,-o", quantizeOptions.out,
                    "default: MODEL's name, .int8.mlir or .int4.mlir")
        ->option_text("FILE.mlir");
    addThreads(*sub, options);
    sub->add_flag("--json", options.json, "report as JSON");
    sub->callback([this] {
      verb = [this] {
        return withModel([&](const ModelSource &source) {
          return quantizeModel(options, source, takeWeightType());
        });
      };
    });
  }

  void addRun() {
    CLI::App *sub = add("run", "compile in memory and run one entry");
    addThreads(*sub, options);
    addRunFlags(*sub, runOptions);
    sub->add_flag("--json", runOptions.json, "report as JSON");
    sub->add_flag("--profile", options.profile, "time per kernel, on stderr");
    addOnnxTest(*sub);
    sub->callback([this] {
      verb = [this] {
        runOptions.entry = options.entry;
        return withModelOrTest([&](const ModelSource &source) {
          if (onnxTest.folder.empty())
            return runModel(options, source, runOptions);
          onnxTest.atol = runOptions.atol;
          onnxTest.rtol = runOptions.rtol;
          options.json = runOptions.json;
          return runOnnxTest(options, source, onnxTest);
        });
      };
    });
  }

  void addVerify() {
    CLI::App *sub = add("verify", "compare compiled code with the eager mode");
    addThreads(*sub, options);
    sub->add_option("--seed", verifyOptions.seed, "of the random inputs");
    sub->add_option("--rounds", verifyOptions.rounds, "inputs per entry")
        ->check(CLI::Range(1, 1000000))
        ->option_text("N");
    sub->add_option("-i,--input", verifyOptions.inputs,
                    "NAME=VALUE or @SET; what is not given is random")
        ->allow_extra_args(false);
    sub->add_option("--atol", onnxTest.atol,
                    "allowed absolute error of --onnx-test");
    sub->add_option("--rtol", onnxTest.rtol,
                    "allowed relative error of --onnx-test");
    addOnnxTest(*sub);
    sub->add_flag("--json", options.json, "report as JSON");
    sub->callback([this] {
      verb = [this] {
        return withModelOrTest([&](const ModelSource &source) {
          onnxTest.eager = true;
          return onnxTest.folder.empty()
                     ? verifyModel(options, source, verifyOptions)
                     : runOnnxTest(options, source, onnxTest);
        });
      };
    });
  }

  void addBench() {
    CLI::App *sub =
        add("bench", "eager, unfused and fused against the machine");
    sub->footer(R"(Examples:
  mgc bench mlp.mlir --threads 1,2 --html mlp.html
  mgc bench mlp.mlir --entry step --profile
  mgc bench --roofline --json)");
    sub->get_option("MODEL")->required(false);
    sub->add_option("--threads", benchOptions.threads,
                    "numbers of threads, as 1,2 (default 1); 0: one per CPU")
        ->delimiter(',')
        ->allow_extra_args(false);
    sub->add_option("--rounds", benchOptions.rounds, "interleaved (default 7)")
        ->check(CLI::Range(1, 100000))
        ->option_text("N");
    sub->add_option("--min-time", benchOptions.minSeconds,
                    "seconds of a measurement (default 0.02)")
        ->check(CLI::Range(0.0, 60.0))
        ->option_text("SECONDS");
    sub->add_option("--seed", benchOptions.seed, "of the random inputs");
    sub->add_option("-i,--input", benchOptions.inputs,
                    "NAME=VALUE or @SET; what is not given is random")
        ->allow_extra_args(false);
    sub->add_option("--html", benchOptions.html, "write a page with the plot")
        ->option_text("FILE");
    sub->add_flag("--profile", options.profile, "time per kernel, too");
    sub->add_flag("--roofline", benchOptions.roofline,
                  "no model: what this machine can do");
    sub->add_flag("--json", options.json, "Google Benchmark's format");
    sub->callback([this] {
      verb = [this] {
        return reportFailures(
            [&] {
              if (benchOptions.roofline == !options.model.empty())
                throw Failure(Exit::Usage, "mgc",
                              "bench needs a MODEL, or --roofline and none");
              if (benchOptions.roofline)
                return reportRooflines(benchOptions.threads,
                                       benchOptions.rounds, options.json);
              return static_cast<Exit>(
                  withModel([&](const ModelSource &source) {
                    return benchModel(options, source, benchOptions);
                  }));
            },
            options.color);
      };
    });
  }

  void addInspect() {
    CLI::App *sub = add("inspect", "kernels, memory, and what did not fuse");
    sub->footer(R"(Examples:
  mgc inspect mlp.mlir --html mlp.html
  mgc inspect mlp.mlir --json
  mgc inspect softmax.mlir -q --expect one_kernel,no_copy,vector)");
    sub->add_option("--expect", inspectOptions.expects,
                    "one_kernel, no_copy, vector, kernels<=N: exit 1 where it "
                    "does not hold")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("LIST");
    sub->add_option("--html", inspectOptions.html, "write a page")
        ->option_text("FILE");
    sub->add_flag("--json", options.json, "report as JSON");
    sub->callback([this] {
      verb = [this] {
        return withModel([&](const ModelSource &source) {
          return inspectModel(options, source, inspectOptions);
        });
      };
    });
  }

  void addBisect() {
    CLI::App *sub =
        add("bisect", "the first op whose compiled result is wrong");
    sub->footer(R"(Examples:
  mgc bisect mlp.mlir -i @batch.npz
  mgc bisect mlp.mlir --mcpu=x86-64-v2 -o small.mlir
  mgc verify small.mlir -i @small.npz      what it found, by itself)");
    addThreads(*sub, options);
    sub->add_option("-o", bisectOptions.out,
                    "the reduced program, its inputs beside it (.npz)")
        ->option_text("OUT.mlir");
    sub->add_option("--seed", bisectOptions.seed, "of the random inputs");
    sub->add_option("-i,--input", bisectOptions.inputs,
                    "NAME=VALUE or @SET; what is not given is random")
        ->allow_extra_args(false);
    sub->add_flag("--json", options.json, "report as JSON");
    sub->callback([this] {
      verb = [this] {
        return withModel([&](const ModelSource &source) {
          return bisectModel(options, source, bisectOptions);
        });
      };
    });
  }

  void addDoctor() {
    CLI::App *sub = add("doctor", "what this machine and installation are, or "
                                  "what of a model is not supported");
    sub->footer(R"(Examples:
  mgc doctor
  mgc doctor bert.onnx --dim batch=1 --dim sequence=128
  mgc doctor --onnx                        the operators of ONNX that we have)");
    sub->add_option("MODEL", options.model, "exit 4 where it is not supported");
    addSizes(*sub, options);
    sub->add_flag("-v", options.verbose, "the operators that are, too");
    sub->add_flag("--onnx", doctorOperators, "list the operators of ONNX")
        ->excludes("MODEL");
    sub->add_flag("--json", options.json, "report as JSON");
    sub->callback([this] {
      verb = [this] {
        if (!options.model.empty())
          return withModel([&](const ModelSource &source) {
            return doctorModel(options, source);
          });
        return reportFailures(
            [&] {
              return doctorOperators ? listOperators(options.json)
                                     : doctor(options.json);
            },
            options.color);
      };
    });
  }

  /// `--weights` says what the weights become and where they are.
  const QuantizeOptions &takeWeightType() {
    std::erase_if(options.weights, [&](const std::string &word) {
      const bool isType = word == "int8" || word == "int4";
      if (isType)
        quantizeOptions.weights = word;
      return isType;
    });
    return quantizeOptions;
  }

  CLI::App app;
  Options options;
  GradOptions gradOptions;
  QuantizeOptions quantizeOptions;
  RunOptions runOptions;
  OnnxTestOptions onnxTest;
  VerifyOptions verifyOptions;
  BenchOptions benchOptions;
  InspectOptions inspectOptions;
  BisectOptions bisectOptions;
  std::string out, emit, color = "auto";
  bool doctorOperators = false;
  std::vector<std::string> command;
  std::function<int()> verb;
};

} // namespace

int main(int argc, char **argv) { return Mgc().run(argc, argv); }
