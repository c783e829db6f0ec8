//===- Align.cpp - stage I, layer-wise alignment --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/Align.h"

#include "Frozen.h"
#include "StageFunction.h"

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Progress.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

namespace xlstm {
namespace {

/// Where the results of one converted layer stand among those of @align.
struct LayerResults {
  int64_t layer;
  size_t loss, energy, window;
};

std::vector<LayerResults> findLayers(const StageFunction &align) {
  const FunctionSpec &spec = align.spec();
  std::vector<LayerResults> layers;
  for (int64_t layer = 0; layer < spec.numLayers; ++layer) {
    std::string prefix = "layers." + std::to_string(layer) + ".";
    auto isLoss = [&](const ValueSpec &result) { return result.name == prefix + "loss"; };
    if (std::any_of(spec.results.begin(), spec.results.end(), isLoss))
      layers.push_back({layer, align.result(prefix + "loss"), align.result(prefix + "energy"),
                        align.result(prefix + "window_loss")});
  }
  if (layers.empty())
    fail("function 'align' converts no layer: there is nothing to train");
  return layers;
}

class Alignment {
public:
  Alignment(Program program, const TokenRows &heldOut, const TrainOptions &options)
      : program(std::move(program)), align(this->program, "align", options), heldOut(heldOut), options(options),
        layers(findLayers(align)), total(align.result("loss")) {}
  Alignment(const Alignment &) = delete; // the function refers to the program

  const Program &functions() const { return program; }
  size_t numLayers() const { return layers.size(); }

  static std::vector<at::Tensor> argumentsOf(const TokenRows &rows) { return {rows.ids_NT, rows.docStart_NT}; }

  /// `energies`: what the program divides the layers' losses by.
  StepLosses losses(const std::vector<at::Tensor> &arguments, const ParamMap &params,
                    const std::vector<double> &energies, const StepContext &context) const {
    auto results = align.run(arguments, params, context);
    StepLosses losses{results[total], {}};
    for (size_t i = 0; i < layers.size(); ++i)
      losses.others.emplace_back("layers." + std::to_string(layers[i].layer),
                                 results[layers[i].loss].detach().div(energies[i]));
    return losses;
  }

  /// Held-out means of what is minimised, "held_out", and of every layer's loss, energy and window loss.
  Json validate(const ParamMap &params) const {
    Group &group = Group::world();
    int64_t number = 0;
    std::vector<double> sums(1 + 3 * layers.size()); // minimised; loss, energy and window loss of each layer
    for (const TokenRows &batch : heldOut.batches(options.heldOutBatch)) {
      if (!group.isMine(number++))
        continue;
      auto results = align.run(argumentsOf(batch), params);
      double share = double(batch.size()) / double(heldOut.size());
      double *sum = sums.data();
      *sum++ += share * results[total].item<double>();
      for (const LayerResults &layer : layers)
        for (size_t result : {layer.loss, layer.energy, layer.window})
          *sum++ += share * results[result].item<double>();
    }
    sums = group.sum(std::move(sums));
    Json found = {{"held_out", sums[0]}, {"layers", Json::array()}};
    for (size_t i = 0; i < layers.size(); ++i) {
      const double *sum = &sums[1 + 3 * i];
      found["layers"].push_back({{"layer", layers[i].layer}, {"loss", sum[0]}, {"energy", sum[1]}, {"window", sum[2]}});
    }
    return found;
  }

private:
  Program program;
  StageFunction align;
  const TokenRows &heldOut;
  const TrainOptions &options;
  std::vector<LayerResults> layers;
  size_t total;
};

/// The teacher's energies on the held-out rows; those that `file` keeps, where an earlier start measured them.
std::vector<double> energiesOf(const Alignment &plain, const ParamMap &params, const std::filesystem::path &file) {
  Group &group = Group::world();
  if (Json kept = Json::parse(group.share(group.isFirst() ? findJsonFile(file).dump() : "")); !kept.is_null()) {
    Json energies = kept.is_object() ? kept.value("energies", Json()) : Json();
    bool isList = energies.is_array() && energies.size() == plain.numLayers() &&
                  std::all_of(energies.begin(), energies.end(), [](auto &energy) { return energy.is_number(); });
    if (!isList)
      fail(file.string(), ": 'energies': expected a list of ", plain.numLayers(), " numbers, found ", energies.dump());
    return energies.get<std::vector<double>>();
  }
  c10::NoGradGuard noGrad;
  std::vector<double> energies;
  Json found = plain.validate(params);
  for (const Json &layer : found.at("layers")) {
    double energy = layer.at("energy");
    if (!(std::isfinite(energy) && energy > 0))
      fail("align: layer ", layer.at("layer").dump(), ": the teacher's attention gives ", energy,
           " in the mean square on the held-out rows, expected more than 0");
    energies.push_back(energy);
  }
  if (!group.isFirst())
    return energies;
  std::filesystem::create_directories(file.parent_path());
  writeTextFile(file, Json{{"energies", energies}}.dump(2) + "\n");
  return energies;
}

AlignReport reportOf(const TrainResult &run, int64_t steps, const TokenRows &heldOut) {
  AlignReport report;
  report.steps = steps;
  report.heldOutTokens = heldOut.size() * heldOut.length();
  const Json &first = run.first.at("layers"), &last = run.last.at("layers");
  for (size_t i = 0; i < last.size(); ++i)
    report.layers.push_back(
        {last[i].at("layer"), first[i].at("loss"), last[i].at("loss"), last[i].at("window"), last[i].at("energy")});
  return report;
}

} // namespace

static double sumOf(const std::vector<LayerAlignment> &layers, double LayerAlignment::*value, bool relative) {
  double sum = 0;
  for (const LayerAlignment &layer : layers)
    sum += layer.*value / (relative ? layer.energy : 1);
  return sum;
}

double AlignReport::initial(bool relative) const { return sumOf(layers, &LayerAlignment::initial, relative); }
double AlignReport::final(bool relative) const { return sumOf(layers, &LayerAlignment::final, relative); }
double AlignReport::windowOnly(bool relative) const { return sumOf(layers, &LayerAlignment::windowOnly, relative); }

Json AlignReport::toJson() const {
  auto sums = [&](bool relative) {
    return Json{{"initial", initial(relative)},
                {"final", final(relative)},
                {"window_only", windowOnly(relative)},
                {"gain", windowOnly(relative) / final(relative)}};
  };
  Json json = {{"steps", steps},
               {"held_out_tokens", heldOutTokens},
               {"sum", sums(false)},
               {"sum_relative", sums(true)},
               {"layers", Json::array()}};
  for (const LayerAlignment &layer : layers)
    json["layers"].push_back({{"layer", layer.layer},
                              {"initial", layer.initial},
                              {"final", layer.final},
                              {"window_only", layer.windowOnly},
                              {"energy", layer.energy}});
  return json;
}

std::string alignPass(const std::string &options, const std::vector<double> &energies) {
  std::string list;
  for (double energy : energies)
    list += (list.empty() ? " energies=" : ",") + shortest(energy);
  return "xlstm-build-align{" + options + list + "}";
}

static AlignResult finish(const TrainResult &run, const TokenRows &heldOut, const std::filesystem::path &folder) {
  AlignReport report = reportOf(run, run.steps, heldOut);
  if (Group::world().isFirst())
    writeTextFile(folder / "report.json", report.toJson().dump(2) + "\n");
  return {run.params, report};
}

AlignResult alignStudent(const AlignBuilder &build, ParamMap teacher, const MixedRows &data, const TokenRows &heldOut,
                         const TrainOptions &options, const std::filesystem::path &folder) {
  if (heldOut.size() == 0)
    fail("align: expected at least one held-out row");
  Alignment plain(build({}), heldOut, options);
  roundFrozen(plain.functions().function("align"), options, teacher);
  ParamMap initial = initialParams(plain.functions().function("align"), options.type);
  ParamMap start = teacher;
  for (auto &[name, param] : initial) {
    if (!teacher.empty())
      param = param.to(teacher.begin()->second.device());
    start[name] = param;
  }
  std::vector<double> energies = energiesOf(plain, start, folder / "energies.json");
  Alignment alignment(build(energies), heldOut, options);
  if (initial.empty()) { // such as of the window alone
    say("align", "the mixer adds nothing that could be trained: the student stays as it is");
    c10::NoGradGuard noGrad;
    Json found = alignment.validate(start);
    return finish({{}, found, found}, heldOut, folder);
  }
  TrainTask task;
  task.name = "align";
  task.function = &alignment.functions().function("align");
  task.arguments = Alignment::argumentsOf;
  task.rounded = roundedTypes(*task.function, options);
  task.losses = [&](auto &arguments, auto &params, auto &context) {
    return alignment.losses(arguments, params, energies, context);
  };
  task.tokens = [](const TokenRows &batch) { return batch.size() * batch.length(); };
  task.validate = [&](const ParamMap &params) { return alignment.validate(params); };
  task.identity = {{"held_out", hashOf(heldOut)}, {"energies", energies}};

  return finish(train(task, data, teacher, std::move(initial), options, folder), heldOut, folder);
}

} // namespace xlstm
