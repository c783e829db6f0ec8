//===- BitsPerByte.cpp - how well a model predicts held-out text ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/BitsPerByte.h"

#include "runtime/Eval/Parallel.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace xlstm {

namespace {

/// Rows [first, first + count), cut to the tokens that any of them uses.
struct Batch {
  at::Tensor ids_BT, docs_BT, labels_BT;
};

/// Logits of a batch stay under this many elements, so that memory does not grow with the vocabulary.
constexpr int64_t maxLogits = int64_t{1} << 24;

std::vector<Batch> makeBatches(const PackedText &text, int64_t vocabSize) {
  int64_t R = text.ids_RT.size(0), T = text.ids_RT.size(1);
  int64_t rows = std::clamp<int64_t>(maxLogits / std::max<int64_t>(1, T * vocabSize), 1, 16);
  std::vector<Batch> batches;
  for (int64_t first = 0; first < R; first += rows) {
    int64_t count = std::min(rows, R - first);
    at::Tensor labels = text.labels_RT.narrow(0, first, count);
    int64_t used = labels.ge(0).sum(1).max().item<int64_t>(); // labels stand without holes from 0 on
    batches.push_back({text.ids_RT.narrow(0, first, count).narrow(1, 0, used).contiguous(),
                       text.docs_RT.narrow(0, first, count).narrow(1, 0, used).contiguous(),
                       labels.narrow(1, 0, used).contiguous()});
  }
  return batches;
}

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

static double negativeLogLikelihood(const at::Tensor &logits_BTV, const at::Tensor &labels_BT) {
  at::Tensor logits_NV = logits_BTV.flatten(0, 1);
  at::Tensor labels_N = labels_BT.flatten().to(logits_NV.device());
  at::Tensor picked_N = logits_NV.gather(1, labels_N.clamp_min(0).unsqueeze(1)).squeeze(1);
  at::Tensor nats_N = (logits_NV.logsumexp(1) - picked_N).masked_fill(labels_N.lt(0), 0);
  return nats_N.sum(at::kDouble).item<double>();
}

double sumOfNats(const Program &program, const ParamMap &params, const PackedText &text) {
  if (text.tokens == 0)
    return 0;
  std::vector<Batch> batches = makeBatches(text, program.function("model").results.at(0).shape.back());
  std::vector<double> nats(batches.size());
  forEachParallel(batches.size(), [&](size_t i) {
    const Batch &batch = batches[i];
    at::Tensor logits_BTV = program.run("model", {batch.ids_BT, batch.docs_BT}, params).at(0);
    nats[i] = negativeLogLikelihood(logits_BTV, batch.labels_BT);
  });
  double sum = std::accumulate(nats.begin(), nats.end(), 0.0);
  if (!std::isfinite(sum))
    fail("bits per byte: the model gives logits that are not finite");
  return sum;
}

std::vector<std::vector<double>> medianGates(const Program &program, const ParamMap &params,
                                             const std::vector<PackedText> &texts) {
  const FunctionSpec &spec = program.function("model");
  std::vector<Batch> batches;
  for (const PackedText &text : texts)
    for (Batch &batch : makeBatches(text, spec.results.at(0).shape.back()))
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
