//===- Distill.cpp - stage II, one expert ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/Distill.h"

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

namespace xlstm {
namespace {

class Distillation {
public:
  Distillation(const Program &program, const TargetStore &store, const TokenRows &heldOut, int64_t heldOutBatch)
      : program(program), spec(program.function("distill")), store(store), heldOut(heldOut), heldOutBatch(heldOutBatch),
        loss(findResult("loss")), ce(findResult("ce")), kl(findResult("kl")) {
    if (spec.arguments.size() != 6 || spec.arguments[3].shape.size() != 3)
      fail("function 'distill': expected arguments ids, docs, labels, top_ids [B, T, K], top_logprobs, tail");
    if (int64_t k = spec.arguments[3].shape[2]; k >= 0 && k != store.k())
      fail("function 'distill': expected targets with k = ", k, ", the store has k = ", store.k());
  }

  StepLosses losses(const TokenRows &batch, const ParamMap &params, EvalObserver *observer) const {
    EvalOptions options;
    options.observer = observer;
    auto results = run(batch, store.batch(batch), params, options);
    return {results[loss], {{"ce", results[ce].detach()}, {"kl", results[kl].detach()}}};
  }

  /// Cross-entropy of the held-out rows; their targets play no part and need not be stored.
  Json validate(const ParamMap &params) const {
    double sum = 0, labels = 0;
    for (int64_t first = 0; first < heldOut.size(); first += heldOutBatch) {
      TokenRows batch = heldOut.slice(first, std::min(first + heldOutBatch, heldOut.size()));
      int64_t B = batch.size(), T = batch.length(), K = std::max<int64_t>(spec.arguments[3].shape[2], 1);
      Targets none{at::zeros({B, T, K}, at::kInt), at::zeros({B, T, K}), at::full({B, T}, -69.0)};
      double count = double(batch.numLabels());
      sum += count * run(batch, none, params, {})[ce].item<double>();
      labels += count;
    }
    return {{"held_out", sum / labels}};
  }

private:
  std::vector<at::Tensor> run(const TokenRows &batch, const Targets &targets, const ParamMap &params,
                              const EvalOptions &options) const {
    return program.run(
        "distill",
        {batch.ids_NT, batch.docStart_NT, batch.labels_NT, targets.ids_BTK, targets.logprobs_BTK, targets.tail_BT},
        params, options);
  }

  size_t findResult(const std::string &name) const {
    for (size_t i = 0; i < spec.results.size(); ++i)
      if (spec.results[i].name == name)
        return i;
    fail("function 'distill': expected a result named '", name, "'");
  }

  const Program &program;
  const FunctionSpec &spec;
  const TargetStore &store;
  const TokenRows &heldOut;
  int64_t heldOutBatch;
  size_t loss, ce, kl;
};

} // namespace

Json DistillReport::toJson() const {
  return {{"steps", steps}, {"initial", initial}, {"last", last}, {"best", best}, {"best_step", bestStep}};
}

DistillResult distillExpert(const Program &program, const ParamMap &initial, const MixedRows &data,
                            const TargetStore &store, const TokenRows &heldOut, const TrainOptions &options,
                            const std::filesystem::path &folder) {
  if (heldOut.size() == 0 || heldOut.numLabels() == 0)
    fail("distill: expected held-out rows with at least one label");
  store.check(data.rows);
  Distillation distillation(program, store, heldOut, options.heldOutBatch);
  TrainTask task;
  task.name = "distill";
  task.losses = [&](auto &batch, auto &params, auto *observer) { return distillation.losses(batch, params, observer); };
  task.tokens = [](const TokenRows &batch) { return batch.numLabels(); };
  task.validate = [&](const ParamMap &params) { return distillation.validate(params); };
  task.keepBest = true;
  task.identity = {{"held_out", hashOf(heldOut)}, {"k", store.k()}};

  TrainResult run = train(task, data, {}, initial, options, folder);
  DistillReport report{run.first.at("held_out"), run.best, run.last.at("held_out"), run.bestStep, options.steps};
  writeTextFile(folder / "report.json", report.toJson().dump(2) + "\n");
  return {run.params, report};
}

} // namespace xlstm
