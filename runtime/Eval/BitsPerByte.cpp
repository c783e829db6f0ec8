//===- BitsPerByte.cpp - how well a model predicts held-out text ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/BitsPerByte.h"

#include "runtime/Eval/Parallel.h"
#include "runtime/Eval/TextBatches.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace xlstm {

namespace {

/// Keeps the opened output gates of labelled tokens, layer by layer.
class GateCollector : public EvalObserver {
public:
  explicit GateCollector(at::Tensor labelled_BT) : labelled_BT(std::move(labelled_BT)) {}

  void onOutputGate(int64_t layer, const at::Tensor &o_BTH) override {
    gates_NH[layer] = o_BTH.cpu().flatten(0, 1).index_select(0, labelled_BT.flatten().nonzero().squeeze(1));
  }

  std::map<int64_t, at::Tensor> gates_NH;

private:
  at::Tensor labelled_BT;
};

} // namespace

double bitsPerByte(double nats, int64_t bytes) { return nats / std::log(2.0) / double(bytes); }

std::vector<double> natsOfRows(const Program &program, const ParamMap &params, const PackedText &text) {
  if (text.tokens == 0)
    return {};
  std::vector<double> rows = scoreText(program, params, text).rowNats;
  if (!std::ranges::all_of(rows, [](double nats) { return std::isfinite(nats); }))
    fail("bits per byte: the model gives logits that are not finite");
  return rows;
}

double sumOfNats(const Program &program, const ParamMap &params, const PackedText &text) {
  std::vector<double> rows = natsOfRows(program, params, text);
  return std::accumulate(rows.begin(), rows.end(), 0.0);
}

std::vector<std::vector<double>> medianGates(const Program &program, const ParamMap &params,
                                             const std::vector<PackedText> &texts) {
  const FunctionSpec &spec = program.function("model");
  std::vector<TextBatch> batches;
  for (const PackedText &text : texts)
    for (TextBatch &batch : makeBatches(text, spec.results.at(0).shape.back()))
      batches.push_back(std::move(batch));
  std::vector<std::map<int64_t, at::Tensor>> seen(batches.size());
  forEachParallel(batches.size(), [&](size_t i) {
    GateCollector collector(batches[i].labels_BT.ge(0));
    EvalOptions options;
    options.observer = &collector;
    program.run("model", {batches[i].ids_BT, batches[i].docs_BT}, params, options);
    seen[i] = std::move(collector.gates_NH);
  });

  std::map<int64_t, std::vector<at::Tensor>> layers;
  for (const auto &gates : seen)
    for (const auto &[layer, gates_NH] : gates)
      layers[layer].push_back(gates_NH);
  if (layers.empty())
    return {};
  std::vector<std::vector<double>> medians(std::max(spec.numLayers, layers.rbegin()->first + 1));
  for (const auto &[layer, parts] : layers) {
    at::Tensor sorted_NH = std::get<0>(at::cat(parts).to(at::kDouble).sort(0));
    int64_t n = sorted_NH.size(0);
    at::Tensor median_H = (sorted_NH.select(0, (n - 1) / 2) + sorted_NH.select(0, n / 2)) / 2;
    medians[layer].assign(median_H.data_ptr<double>(), median_H.data_ptr<double>() + median_H.numel());
  }
  return medians;
}

} // namespace xlstm
