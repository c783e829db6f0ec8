//===- Align.cpp - stage I, layer-wise alignment --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/Align.h"

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"

namespace xlstm {
namespace {

/// Where the results of one converted layer stand among those of @align.
struct LayerResults {
  int64_t layer;
  size_t loss, energy, window;
};

size_t findResult(const FunctionSpec &spec, const std::string &name) {
  for (size_t i = 0; i < spec.results.size(); ++i)
    if (spec.results[i].name == name)
      return i;
  fail("function 'align': expected a result named '", name, "'");
}

std::vector<LayerResults> findLayers(const FunctionSpec &spec) {
  std::vector<LayerResults> layers;
  for (int64_t layer = 0; layer < spec.numLayers; ++layer) {
    std::string prefix = "layers." + std::to_string(layer) + ".";
    auto isLoss = [&](const ValueSpec &result) { return result.name == prefix + "loss"; };
    if (std::any_of(spec.results.begin(), spec.results.end(), isLoss))
      layers.push_back({layer, findResult(spec, prefix + "loss"), findResult(spec, prefix + "energy"),
                        findResult(spec, prefix + "window_loss")});
  }
  if (layers.empty())
    fail("function 'align' converts no layer: there is nothing to train");
  return layers;
}

class Alignment {
public:
  Alignment(const Program &program, const TokenRows &heldOut, int64_t heldOutBatch)
      : program(program), heldOut(heldOut), heldOutBatch(heldOutBatch), layers(findLayers(program.function("align"))) {}

  StepLosses losses(const TokenRows &batch, const ParamMap &params, EvalObserver *observer) const {
    EvalOptions options;
    options.observer = observer;
    auto results = program.run("align", {batch.ids_NT, batch.docStart_NT}, params, options);
    StepLosses losses;
    for (const LayerResults &layer : layers) {
      at::Tensor relative = results[layer.loss].div(results[layer.energy].detach());
      losses.loss = losses.loss.defined() ? losses.loss.add(relative) : relative;
      losses.others.emplace_back("layers." + std::to_string(layer.layer), relative.detach());
    }
    return losses;
  }

  /// Held-out means of every layer's loss, energy and window loss; "held_out" is what training minimises.
  Json validate(const ParamMap &params) const {
    std::vector<std::array<double, 3>> sums(layers.size());
    for (int64_t first = 0; first < heldOut.size(); first += heldOutBatch) {
      TokenRows batch = heldOut.slice(first, std::min(first + heldOutBatch, heldOut.size()));
      auto results = program.run("align", {batch.ids_NT, batch.docStart_NT}, params);
      double share = double(batch.size()) / double(heldOut.size());
      for (size_t i = 0; i < layers.size(); ++i)
        for (auto [column, result] : {std::pair(0, layers[i].loss), {1, layers[i].energy}, {2, layers[i].window}})
          sums[i][column] += share * results[result].item<double>();
    }
    Json found = {{"held_out", 0.0}, {"layers", Json::array()}};
    double relative = 0;
    for (size_t i = 0; i < layers.size(); ++i) {
      auto [loss, energy, window] = sums[i];
      relative += loss / energy;
      found["layers"].push_back({{"layer", layers[i].layer}, {"loss", loss}, {"energy", energy}, {"window", window}});
    }
    found["held_out"] = relative;
    return found;
  }

private:
  const Program &program;
  const TokenRows &heldOut;
  int64_t heldOutBatch;
  std::vector<LayerResults> layers;
};

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

AlignResult alignStudent(const Program &program, const ParamMap &teacher, const MixedRows &data,
                         const TokenRows &heldOut, const TrainOptions &options, const std::filesystem::path &folder) {
  if (heldOut.size() == 0)
    fail("align: expected at least one held-out row");
  ParamMap initial = initialParams(program.function("align"));
  for (auto &[name, param] : initial)
    if (!teacher.empty())
      param = param.to(teacher.begin()->second.device());
  Alignment alignment(program, heldOut, options.heldOutBatch);
  TrainTask task;
  task.name = "align";
  task.losses = [&](auto &batch, auto &params, auto *observer) { return alignment.losses(batch, params, observer); };
  task.tokens = [](const TokenRows &batch) { return batch.size() * batch.length(); };
  task.validate = [&](const ParamMap &params) { return alignment.validate(params); };
  task.identity = {{"held_out", hashOf(heldOut)}};

  TrainResult run = train(task, data, teacher, initial, options, folder);
  AlignReport report = reportOf(run, options.steps, heldOut);
  writeTextFile(folder / "report.json", report.toJson().dump(2) + "\n");
  return {run.params, report};
}

} // namespace xlstm
