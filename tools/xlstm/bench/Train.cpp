//===- Train.cpp - xlstm bench train: tokens a second of a training step --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stages as `distill` runs them, with their batches, logs and optimizer, on random weights and tokens; stopped
// before anything is saved.

#include "../Commands.h"
#include "../MachineSpeed.h"
#include "../Ranks.h"
#include "../Recipe.h"
#include "../StepCost.h"
#include "Bench.h"
#include "Shapes.h"
#include "Trace.h"
#include "TrainCost.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"

#include <ATen/Context.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

namespace fs = std::filesystem;

namespace xlstm::bench {

namespace {

constexpr int64_t heldOutRows = 1, tracedSteps = 5;

struct TrainSettings {
  std::string shape = "28m", stage = "both", device = "cpu", precision = "f32", trained = "full", trace, peers;
  int64_t rows = 4, length = 1024, steps = 20, warmup = 5, window = 512, topK = 64;
  bool json = false, recompute = false;
  RankSettings ranks;
};

/// Stops a stage once enough steps were timed.
struct Enough {};

class TrainBench {
public:
  explicit TrainBench(const TrainSettings &settings)
      : settings(settings), device(openDevice(settings.device)), rate(matrixRate(device, settings.precision)),
        scratch(group.isFirst() ? std::make_unique<AtomicDirectory>(fs::temp_directory_path() / "xlstm-bench-train")
                                : nullptr),
        folder(group.share(scratch ? scratch->path().string() : "")),
        teacher(group.share(scratch ? moduleOfShape(settings.shape, folder) : "")) {
    at::manual_seed(1); // the same weights and rows on every rank
  }

  nlohmann::ordered_json align();
  nlohmann::ordered_json distill();

private:
  ParamMap randomParams(const FunctionSpec &function) const;
  /// One document a row.
  MixedRows randomRows(const Program &program) const;
  TrainOptions options(TrainOptions options);
  int64_t batch() const { return settings.rows * group.size(); }
  /// What the steps of `run` between warm-up and end took, until the device had done them.
  nlohmann::ordered_json timed(const std::string &stage, const ParamMap &params, const TrainOptions &options,
                               const std::function<void()> &run);
  std::chrono::steady_clock::time_point now() const;
  /// A few steps more are looked at kernel by kernel, which takes time of its own.
  bool isTraced() const { return !device.is_cpu() || !settings.trace.empty(); }

  const TrainSettings &settings;
  c10::Device device;
  double rate; // of large products here
  Group &group = Group::world();
  std::unique_ptr<AtomicDirectory> scratch; // never committed, so it goes with the bench
  fs::path folder;                          // its path, of all ranks
  std::string teacher;
  std::chrono::steady_clock::time_point begin, end;
  GpuTime gpu; // of a step
};

} // namespace

std::chrono::steady_clock::time_point TrainBench::now() const {
  if (!device.is_cpu())
    c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
  return std::chrono::steady_clock::now();
}

ParamMap TrainBench::randomParams(const FunctionSpec &function) const {
  ParamMap params;
  for (const ParamSpec &param : function.params)
    if (!param.init) { // norms are vectors, and near 1
      at::TensorOptions options = at::TensorOptions(at::kFloat).device(device);
      bool isNorm = param.tensor.shape.size() == 1;
      params[param.tensor.name] =
          isNorm ? at::ones(param.tensor.shape, options) : at::randn(param.tensor.shape, options).mul_(0.02);
    }
  return params;
}

MixedRows TrainBench::randomRows(const Program &program) const {
  int64_t vocab = program.function("model").results.at(0).shape.at(2), N = batch(), T = settings.length;
  TokenRows rows{at::randint(vocab, {N, T}, at::kLong), at::zeros({N, T}, at::kInt), at::full({N, T}, -1, at::kLong)};
  rows.labels_NT.narrow(1, 0, T - 1).copy_(rows.ids_NT.narrow(1, 1, T - 1));
  return mixRows({rows}, {1.0});
}

TrainOptions TrainBench::options(TrainOptions options) {
  options.batch = batch();
  options.heldOutBatch = heldOutRows;
  options.precision = settings.precision;
  options.recompute = settings.recompute;
  int64_t timed = settings.warmup + settings.steps, last = timed + (isTraced() ? tracedSteps : 0);
  options.validateEvery = options.checkpointEvery = options.steps = last + 1;
  options.onStep = [this, timed, last](int64_t done) {
    if (done == settings.warmup)
      begin = now();
    if (done == timed) {
      end = now();
      if (isTraced())
        startTrace(!device.is_cpu());
    }
    if (done < last)
      return;
    now();
    if (isTraced())
      gpu = stopTrace(settings.trace).over(tracedSteps);
    throw Enough();
  };
  return options;
}

nlohmann::ordered_json TrainBench::timed(const std::string &stage, const ParamMap &params, const TrainOptions &options,
                                         const std::function<void()> &run) {
  if (!device.is_cpu())
    c10::getDeviceAllocator(device.type())->resetPeakStats(device.index());
  int64_t parameters = 0;
  for (const auto &[name, param] : params)
    parameters += param.numel();
  try {
    run();
  } catch (const Enough &) {
  }
  double seconds = std::chrono::duration<double>(end - begin).count();
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  int64_t peak = usage.ru_maxrss * 1024; // of the process so far
  if (!device.is_cpu())
    peak = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index()).allocated_bytes[0].peak;
  double tokens = double(settings.steps * batch() * settings.length) / seconds;
  std::string linearize = "xlstm-linearize{window=" + std::to_string(settings.window) + "}";
  ModelDescription student = describeModel(rewriteModule(teacher, settings.shape, linearize), settings.shape);
  double flops = stage == "align"
                     ? alignOperations(describeModel(teacher, settings.shape), student, settings.length)
                     : distillOperations(student, settings.length, options.trained);
  nlohmann::ordered_json row = {
      {"stage", stage},
      {"shape", settings.shape},
      {"parameters", parameters},
      {"device", settings.device},
      {"precision", settings.precision},
      {"recompute", settings.recompute},
      {"processes", group.size()},
      {"rows", batch()},
      {"length", settings.length},
      {"window", settings.window},
      {"steps", settings.steps},
      {"ms_a_step", 1000 * seconds / double(settings.steps)},
      {"tokens_per_s", tokens},
      {"flop_per_s", tokens * flops},
      {"device_flop_per_s", rate * double(group.size())},
      {"peak_bytes", peak},
      {"foretold_bytes", foretoldBytes(teacher, stage, options, settings.length, settings.window, settings.topK,
                                       !device.is_cpu(), group.size())}};
  if (isTraced() && !device.is_cpu()) {
    row["kernels_a_step"] = gpu.kernels, row["host_waits_a_step"] = gpu.waits;
    for (const auto &[kind, ms] : gpu.kinds)
      row["gpu_ms_a_step"][kind] = ms;
    if (!group.isAlone())
      row["hidden_ms_a_step"] = gpu.hidden;
  }
  return row;
}

nlohmann::ordered_json TrainBench::align() {
  TrainOptions training = options(TrainOptions::alignment(1));
  auto build = [&](const std::vector<double> &energies) {
    return deriveProgram(teacher, settings.shape, alignPass("window=" + std::to_string(settings.window), energies),
                         training.passes("align"));
  };
  Program plain = build({});
  ParamMap params = randomParams(plain.function("align"));
  MixedRows data = randomRows(plain);
  return timed("align", params, training, [&] {
    alignStudent(build, std::exchange(params, {}), data, data.rows.slice(0, heldOutRows), training, folder / "align");
  });
}

nlohmann::ordered_json TrainBench::distill() {
  TrainOptions training = options(TrainOptions::distillation(1));
  const std::map<std::string, Trained> kinds = {
      {"full", Trained::Full}, {"mixer", Trained::Mixer}, {"lora", Trained::Lora}};
  training.trained = kinds.at(settings.trained);
  std::string student = "xlstm-linearize{window=" + std::to_string(settings.window) + "},";
  if (training.trained == Trained::Lora)
    student += "xlstm-add-lora{" + training.lora.passOptions() + "},";
  student += "xlstm-build-distill";
  Program program = deriveProgram(teacher, settings.shape, student, training.passes("distill"));
  ParamMap params = randomParams(program.function("distill"));
  for (auto &[name, param] : initialParams(program.function("distill")))
    params[name] = param.to(device);
  MixedRows data = randomRows(program);
  fs::path targets = folder / "targets";
  writeTargets(Program::parse(teacher, settings.shape), params, data.rows, {.format = {.k = settings.topK}}, targets);
  return timed("distill", params, training, [&] {
    auto take = [&] { return std::exchange(params, {}); };
    distillExpert(program, take, data, TargetStore::open(targets), data.rows.slice(0, heldOutRows), training,
                  folder / "distill");
  });
}

/// The teacher's own training by others, behind ours.
static void addPeer(const TrainSettings &settings, nlohmann::ordered_json &rows) {
  const Shape &s = shapeOf(settings.shape);
  std::string what = "train";
  for (int64_t size : {s.layers, s.width, s.inner, s.heads, s.keyHeads, s.headSize, s.vocab, int64_t(s.tied),
                       settings.rows, settings.length})
    what += " " + std::to_string(size);
  for (const auto &[name, time] : timeRivals(settings.peers, {{"train_step.py", what}}))
    rows.push_back({{"stage", "peer"},
                    {"peer", time.peer},
                    {"ms_a_step", time.ms},
                    {"tokens_per_s", 1000 * double(settings.rows * settings.length) / time.ms}});
}

/// What of the collectives ran while something else did.
static std::string hiddenText(const nlohmann::ordered_json &row) {
  double all = row["gpu_ms_a_step"]["collectives"], hidden = row.value("hidden_ms_a_step", 0.0);
  return std::to_string(int(std::lround(100 * hidden / all))) + " % of them beside other work";
}

static void print(const nlohmann::ordered_json &row) {
  auto number = [&](const char *key) { return row[key].get<double>(); };
  if (row.contains("peer")) {
    std::cout << "peer     " << std::fixed << std::setprecision(1) << std::setw(12) << number("ms_a_step")
              << std::setprecision(0) << std::setw(12) << number("tokens_per_s") << "  the teacher's training, "
              << row["peer"].get<std::string>() << '\n';
    return;
  }
  std::cout << std::left << std::setw(9) << row["stage"].get<std::string>() << std::right << std::fixed
            << std::setprecision(1) << std::setw(12) << number("ms_a_step") << std::setprecision(0) << std::setw(12)
            << number("tokens_per_s") << std::setw(11) << 100 * number("flop_per_s") / number("device_flop_per_s")
            << " %" << std::setprecision(2) << std::setw(11) << number("peak_bytes") / 1e9 << std::setw(12)
            << number("foretold_bytes") / 1e9 << '\n';
  if (!row.contains("gpu_ms_a_step"))
    return;
  std::cout << std::setprecision(0) << "  " << number("kernels_a_step") << " kernels and " << std::setprecision(1)
            << number("host_waits_a_step") << " waits of the host a step; ms of the GPU:\n"
            << std::setprecision(2);
  for (const auto &[kind, ms] : row["gpu_ms_a_step"].items())
    std::cout << std::setw(11) << ms.get<double>() << "  " << kind
              << (kind == "collectives" ? ", " + hiddenText(row) : "") << '\n';
}

static std::string processesText() {
  int64_t count = Group::world().size();
  return count > 1 ? " in " + std::to_string(count) + " processes" : "";
}

static void benchTrain(const TrainSettings &settings) {
  TrainBench bench(settings);
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  if (settings.stage != "distill")
    rows.push_back(bench.align());
  if (settings.stage != "align")
    rows.push_back(bench.distill());
  if (!Group::world().isFirst())
    return;
  if (!settings.peers.empty())
    addPeer(settings, rows);
  if (settings.json) {
    std::cout << rows.dump(2) << '\n';
    return;
  }
  std::cout << settings.shape << ", " << std::fixed << std::setprecision(1) << rows[0]["parameters"].get<double>() / 1e6
            << " M parameters, " << rows[0]["rows"] << " rows of " << settings.length << " tokens, window "
            << settings.window << ", " << settings.precision << ", " << settings.device << processesText()
            << (settings.recompute ? ", recomputed" : "") << ", of products " << std::setprecision(0)
            << rows[0]["device_flop_per_s"].get<double>() / 1e9
            << " Gflop/s\nstage      ms a step    tokens/s  its share    peak GB    foretold\n";
  for (const nlohmann::ordered_json &row : rows)
    print(row);
}

void addTrainBench(CLI::App &bench) {
  auto settings = std::make_shared<TrainSettings>();
  CLI::App *verb = bench.add_subcommand("train", "Stages I and II on random weights: tokens a second, memory");
  verb->add_option("--shape", settings->shape, "Teacher: a Llama of this size")
      ->check(CLI::IsMember(shapeNames()))
      ->capture_default_str();
  auto choice = [&](const char *flag, std::string &value, const char *meaning, std::vector<std::string> words) {
    verb->add_option(flag, value, meaning)->check(CLI::IsMember(std::move(words)))->capture_default_str();
  };
  choice("--stage", settings->stage, "Stage", {"align", "distill", "both"});
  choice("--precision", settings->precision, "Type in which training computes", Recipe::precisions());
  choice("--train", settings->trained, "What stage II trains", {"full", "mixer", "lora"});
  auto count = [&](const char *flag, int64_t &value, const char *meaning, int64_t least) {
    verb->add_option(flag, value, meaning)->check(CLI::Range(least, int64_t(1) << 24))->capture_default_str();
  };
  count("--rows", settings->rows, "Rows a step, of each process", 1);
  count("--length", settings->length, "Tokens a row", 2);
  count("--steps", settings->steps, "Steps that are timed", 1);
  count("--warmup", settings->warmup, "Steps before them", 1);
  count("--window", settings->window, "Window of the student", 1);
  count("--top-k", settings->topK, "Stored targets a token", 1);
  verb->add_option("--trace", settings->trace,
                   "Also write a timeline of the timed steps (of the last stage) for Perfetto")
      ->type_name("FILE");
  verb->add_flag("--recompute", settings->recompute, "A gradient computes each layer once more, to save memory");
  verb->add_option("--peers", settings->peers,
                   "Folder of kernels/bench/peers: also time the teacher's training by others")
      ->type_name("FOLDER");
  verb->add_flag("--json", settings->json, "A list of objects instead of a table");
  addDeviceOption(*verb, settings->device);
  settings->ranks.addOptions(*verb);
  verb->callback([settings] {
    settings->device = settings->ranks.deviceOr(settings->device);
    workTogether(
        settings->ranks, settings->device,
        [&] {
          Group::world().call("bench");
          benchTrain(*settings);
        },
        [&](const std::string &) { benchTrain(*settings); });
  });
}

} // namespace xlstm::bench
