//===- Compile.cpp - xlstm compile: one executable out of a bundle --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ChatCheck.h"
#include "Commands.h"
#include "MachineSpeed.h"
#include "Speed.h"

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/SpecialIds.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Runtime/Text/Unsupported.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Link.h"

#include <cstdio>
#include <iostream>
#include <limits>
#include <map>

namespace xlstm {

namespace {

struct CompileSettings {
  std::filesystem::path bundle, output;
  std::string target = "cpu", cpu, activations = "f32";
  int64_t batch = 1;
  std::vector<int64_t> prefillTokens;
  std::vector<std::string> weights;
  std::string keys, emit = "exe";
  bool explain = false;
  bool randomWeights = false, allowNonFinite = false;
};

} // namespace

/// What the evaluator would refuse is refused before the work; what the executable will lack is said.
static void checkTokenizer(const std::filesystem::path &folder) {
  Bundle bundle = Bundle::open(folder);
  int64_t ids = std::numeric_limits<int32_t>::max();
  std::string lack;
  try {
    if (bundle.hasTokenizer())
      ids = Tokenizer::load(bundle.tokenizerFile()).vocabSize();
    else
      lack = folder.string() + ": the model has no tokenizer (tokenizer.json)";
  } catch (const text::Unsupported &error) {
    lack = error.what();
  }
  if (!lack.empty())
    std::cerr << "xlstm: warning: " << lack << "; the executable works on token ids\n";
  SpecialIds::read(folder, ids);
}

/// What this machine does in a second, where it is what the executable is for.
static std::optional<CpuRates> ratesFor(const CompileSettings &settings) {
  if (!settings.cpu.empty() && settings.cpu != "native")
    return std::nullopt;
  CpuRates rates{readRate(), matrixRate(c10::kCPU, "f32")};
  std::printf("this machine: reads %.4g GB/s, multiplies float32 at %.4g Gflop/s; ms are foretold by these\n\n",
              rates.bytes / 1e9, rates.operations / 1e9);
  return rates;
}

/// Beside what was foretold.
static void measureCalls(const CompileSettings &settings, const Explanation &explanation, const CpuRates &rates) {
  const CallCost &prefill = explanation.calls.at("prefill"), &decode = explanation.calls.at("decode");
  const std::string length = std::to_string(prefill.tokens);
  Json found = benchExecutable(settings.output, {"-p", length, "-n", "64", "-r", "3"});
  auto seconds = [&](size_t test, int64_t tokens) {
    return double(tokens) / found.at(test).at("avg_ts").get<double>();
  };
  double all = seconds(0, prefill.tokens), one = seconds(1, 1);
  const int threads = found.at(0).at("n_threads").get<int>();
  std::printf("\nmeasured, %d thread%s:\n", threads, threads == 1 ? "" : "s");
  std::printf("prefill of %s tokens: %.4g ms, foretold %.4g ms, %.0f %% of matmul\n", length.c_str(), 1e3 * all,
              1e3 * prefill.seconds, 100 * prefill.operations / all / rates.operations);
  std::printf("a token: %.4g ms, foretold %.4g ms, %.0f %% of what memory gives\n", 1e3 * one, 1e3 * decode.seconds,
              100 * decode.bytes / one / rates.bytes);
}

static void compileCpu(const CompileSettings &settings) {
  if (settings.prefillTokens.size() > 1)
    fail("expected one number of --prefill-tokens for the CPU, found ", settings.prefillTokens.size());
  if (settings.randomWeights || settings.batch != 1 || settings.activations != "f32")
    fail("expected --target=cuda beside --activations, --batch and --random-weights");
  CompileOptions options;
  options.widen = settings.cpu.empty();
  if (!settings.cpu.empty())
    options.cpu = settings.cpu;
  options.allowNonFinite = settings.allowNonFinite;
  options.weights = settings.weights;
  options.smallKeys = settings.keys == "bf16";
  if (!settings.prefillTokens.empty())
    options.prefillTokens = settings.prefillTokens.front();
  std::optional<CpuRates> rates;
  Explanation explanation;
  if (settings.explain) {
    rates = ratesFor(settings);
    explanation = explainBundle(settings.bundle, options, rates);
    std::fputs(explanation.text.c_str(), stdout);
    std::fflush(stdout);
  }
  if (settings.output.empty())
    return;
  static const std::map<std::string, CpuStage> stages = {
      {"mlir", CpuStage::Mlir}, {"llvm", CpuStage::Llvm}, {"asm", CpuStage::Assembly}, {"obj", CpuStage::Object}};
  if (auto stage = stages.find(settings.emit); stage != stages.end())
    return emitBundle(settings.bundle, settings.output, options, stage->second);
  checkTokenizer(settings.bundle);
  compileBundle(settings.bundle, settings.output, options);
  if (rates)
    measureCalls(settings, explanation, *rates);
}

static void compileCuda(const CompileSettings &settings) {
  if (!settings.weights.empty() || !settings.keys.empty())
    fail("expected --target=cpu beside --weights and --keys");
  if (settings.explain || settings.emit != "exe" || settings.output.empty())
    fail("expected --target=cpu beside --emit and --explain, and an --output");
  checkCudaTarget();
  if (!settings.randomWeights)
    checkTokenizer(settings.bundle);
  CudaCompileOptions options;
  constexpr int64_t most = int64_t{1} << 24; // tokens of one call
  for (int64_t tokens : settings.prefillTokens)
    if (settings.batch * tokens > most)
      fail("expected --batch times --prefill-tokens of at most ", most, ", found ", settings.batch * tokens);
  options.activations = settings.activations == "bf16" ? DType::BF16 : DType::F32;
  options.batch = settings.batch;
  options.randomWeights = settings.randomWeights;
  options.allowNonFinite = settings.allowNonFinite;
  if (!settings.prefillTokens.empty())
    options.prefillTokens = settings.prefillTokens;
  compileBundleForCuda(settings.bundle, settings.output, options);
}

void addCompileCommand(CLI::App &app) {
  auto settings = std::make_shared<CompileSettings>();
  CLI::App *verb = app.add_subcommand("compile", "Compile a bundle to one executable, weights and tokenizer inside");
  verb->add_option("bundle", settings->bundle, "Bundle of a student or a teacher")->required();
  verb->add_option("-o,--output", settings->output, "Executable to write; with --explain there may be none");
  verb->add_option("--target", settings->target, "What it runs on: cpu, or cuda (an NVIDIA GPU)")
      ->capture_default_str()
      ->check(CLI::IsMember({"cpu", "cuda"}));
  verb->add_option(
          "--cpu", settings->cpu,
          "cpu: the least CPU that runs it: an LLVM CPU name or level, such as x86-64-v4; native: this machine's "
          "[x86-64-v3, with faster code inside for CPUs that have AVX-512 and VNNI]")
      ->type_name("NAME");
  verb->add_option("--weights", settings->weights,
                   "cpu: type of the weights of projections and embedding: f32, bf16, f16, int8 (8.5 bits), int4 (4.5) "
                   "or int4m (5); or rules PATTERN=TYPE with * in names of tensors, of which the last that fits counts")
      ->delimiter(',')
      ->type_name("TYPE,...");
  verb->add_option("--keys", settings->keys, "cpu: type of the keys and values that a text keeps, f32 or bf16 [f32]")
      ->check(CLI::IsMember({"f32", "bf16"}));
  verb->add_option("--activations", settings->activations, "cuda: type of activations and weights, f32 or bf16")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "bf16"}));
  verb->add_option("--batch", settings->batch, "cuda: texts that go through the model together")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, int64_t{1024}));
  verb->add_option("--prefill-tokens", settings->prefillTokens,
                   "Tokens of one prefill call, on the CPU at most; cuda: a list, one function each [cpu: 256, cuda: "
                   "2048,256,32]")
      ->delimiter(',')
      ->check(CLI::Range(int64_t{1}, int64_t{131072}));
  verb->add_flag("--random-weights", settings->randomWeights,
                 "cuda: no weights inside, the executable makes its own; the bundle may be a model.mlir");
  verb->add_option("--emit", settings->emit,
                   "cpu: what to write: exe, or of the model alone mlir (planned kernel calls), llvm, asm, obj")
      ->capture_default_str()
      ->check(CLI::IsMember({"exe", "mlir", "llvm", "asm", "obj"}));
  verb->add_flag("--explain", settings->explain,
                 "cpu: print what prefill and decode do: kernels, bytes that they read, operations, memory; of an executable for "
                 "this machine the time foretold, and with --output the time measured");
  addNonFiniteFlag(*verb, settings->allowNonFinite);
  verb->callback([settings] {
    if (settings->output.empty() && !settings->explain)
      throw CLI::RequiredError("--output");
    settings->target == "cuda" ? compileCuda(*settings) : compileCpu(*settings);
    warnOfChatTemplate(settings->bundle);
  });
}

} // namespace xlstm
