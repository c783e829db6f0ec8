//===- Distill.cpp - stage II, one expert ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/Distill.h"

#include "Frozen.h"
#include "StageFunction.h"

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Train/Lora.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

namespace xlstm {
namespace {

class Distillation {
public:
  Distillation(const Program &program, const TargetSource &source, const TokenRows &heldOut,
               const TrainOptions &options, const StudentWriter *writer)
      : function(program, "distill", options), spec(function.spec()), source(source), heldOut(heldOut),
        options(options), writer(writer), hasHeldOut(source.hasAll(heldOut)), loss(function.result("loss")),
        ce(function.result("ce")), kl(function.result("kl")) {
    if (spec.arguments.size() != 6 || spec.arguments[3].shape.size() != 3)
      fail("function 'distill': expected arguments ids, docs, labels, top_ids [B, T, K], top_logprobs, tail");
    if (int64_t k = spec.arguments[3].shape[2]; k >= 0 && k != source.k())
      fail("function 'distill': expected targets with k = ", k, ", there are those with k = ", source.k());
  }

  /// Ids, documents and labels, and what the targets' source prepares.
  std::vector<at::Tensor> arguments(const TokenRows &rows) const {
    TokenRows batch = writer ? withoutPadding(rows) : rows;
    std::vector<at::Tensor> arguments = {batch.ids_NT, batch.docStart_NT, batch.labels_NT};
    std::vector<at::Tensor> prepared = source.prepare(batch);
    arguments.insert(arguments.end(), prepared.begin(), prepared.end());
    return arguments;
  }

  StepLosses losses(const std::vector<at::Tensor> &arguments, const ParamMap &params,
                    const StepContext &context) const {
    Targets targets = source.complete(arguments[0], arguments[1], {arguments.begin() + 3, arguments.end()});
    auto results = function.run(argumentsOf(arguments[0], arguments[1], arguments[2], targets), params, context);
    return {results[loss], {{"ce", results[ce].detach()}, {"kl", results[kl].detach()}}};
  }

  /// Cross-entropy of the held-out rows, and KL to the teacher where the source has their targets; with a writer of
  /// what it writes behind them.
  Json validate(const ParamMap &params) const {
    std::vector<TokenRows> mine;
    std::vector<RowKey> keys;
    int64_t number = 0;
    for (const TokenRows &batch : heldOut.batches(options.heldOutBatch))
      if (Group::world().isMine(number++)) {
        mine.push_back(batch);
        for (int64_t row = 0; row < batch.size(); ++row)
          keys.push_back({heldOutStep, (number - 1) * options.heldOutBatch + row});
      }
    Losses text = measure(mine, params);
    if (!writer) {
      Json found = {{"held_out", text.ce}};
      if (hasHeldOut)
        found["held_out_kl"] = text.kl;
      return found;
    }
    std::vector<TokenRows> written;
    if (!mine.empty())
      written = writer->write(concatenate(mine), keys, params).batches(options.heldOutBatch);
    Losses own = measure(written, params);
    return {{"held_out", own.kl},
            {"held_out_ce", own.ce},
            {"held_out_tokens", own.labels},
            {"text_ce", text.ce},
            {"text_kl", text.kl}};
  }

private:
  struct Losses {
    double ce, kl;
    int64_t labels;
  };

  /// Means over the labelled tokens of all ranks' batches.
  Losses measure(const std::vector<TokenRows> &batches, const ParamMap &params) const {
    double sum = 0, klSum = 0, labels = 0;
    for (const TokenRows &batch : batches) {
      int64_t B = batch.size(), T = batch.length(), K = std::max<int64_t>(spec.arguments[3].shape[2], 1);
      Targets targets{at::zeros({B, T, K}, at::kInt), at::zeros({B, T, K}), at::full({B, T}, -69.0)};
      if (hasHeldOut)
        targets = source.complete(batch.ids_NT, batch.docStart_NT, source.prepare(batch));
      double count = double(batch.numLabels());
      auto results = function.run(argumentsOf(batch.ids_NT, batch.docStart_NT, batch.labels_NT, targets), params);
      sum += count * results[ce].item<double>();
      klSum += count * results[kl].item<double>();
      labels += count;
    }
    std::vector<double> all = Group::world().sum({sum, klSum, labels});
    return {all[0] / all[2], all[1] / all[2], int64_t(all[2])};
  }

  static std::vector<at::Tensor> argumentsOf(const at::Tensor &ids, const at::Tensor &docs, const at::Tensor &labels,
                                             const Targets &targets) {
    return {ids, docs, labels, targets.ids_BTK, targets.logprobs_BTK, targets.tail_BT};
  }

  StageFunction function;
  const FunctionSpec &spec;
  const TargetSource &source;
  const TokenRows &heldOut;
  const TrainOptions &options;
  const StudentWriter *writer;
  bool hasHeldOut;
  size_t loss, ce, kl;
};

} // namespace

Json DistillReport::toJson() const {
  return {{"steps", steps}, {"initial", initial}, {"last", last}, {"best", best}, {"best_step", bestStep}};
}

/// The params of "distill" parted into those that train and those that do not, and which of the former are new.
struct Split {
  ParamMap trained, frozen;
  std::set<std::string> added;
};

static Split split(const FunctionSpec &spec, ParamMap params, Trained what) {
  Split parts;
  for (const ParamSpec &param : spec.params) {
    const std::string &name = param.tensor.name;
    bool isAdapter = isLoraName(name);
    if (param.init && !isAdapter)
      parts.added.insert(name);
    auto node = params.extract(name);
    if (node.empty())
      fail("weight '", name, "' is missing");
    (param.init || what == Trained::Full ? parts.trained : parts.frozen).insert(std::move(node));
  }
  return parts;
}

DistillResult distillExpert(const Program &program, const std::function<ParamMap()> &load, const MixedRows &data,
                            const TargetSource &source, const TokenRows &heldOut, const TrainOptions &options,
                            const std::filesystem::path &folder, const StudentWriter *writer) {
  if (heldOut.size() == 0 || heldOut.numLabels() == 0)
    fail("distill: expected held-out rows with at least one label");
  source.check(data.rows, rowOrder(data.counts, data.weights, options.seed, options.steps * options.batch,
                                   shuffledTogether(data.rows.length())));
  Distillation distillation(program, source, heldOut, options, writer);
  const FunctionSpec &spec = program.function("distill");
  ParamMap start = load();
  addLoraParams(spec, start, options.type);
  Split params = split(spec, std::move(start), options.trained);
  bool isRounded = roundFrozen(spec, options, params.frozen);
  TrainTask task;
  task.name = writer ? "on-policy" : "distill";
  if (source.teacher().empty()) // a teacher's answers lie on the device: their range is looked at in every step
    task.function = &program.function("distill");
  task.arguments = [&](auto &batch) { return distillation.arguments(batch); };
  task.losses = [&](auto &arguments, auto &params, auto &context) {
    return distillation.losses(arguments, params, context);
  };
  task.tokens = [](const TokenRows &batch) { return batch.numLabels(); };
  task.validate = [&](const ParamMap &params) { return distillation.validate(params); };
  task.keepBest = true;
  task.rounded = roundedTypes(spec, options);
  task.added = params.added;
  task.identity = {{"held_out", hashOf(heldOut)}, {"k", source.k()}};
  if (std::string teacher = source.teacher(); !teacher.empty())
    task.identity["teacher"] = teacher;
  if (writer) {
    task.write = [&](auto &rows, auto &keys, auto &params) { return writer->write(rows, keys, params); };
    task.every = writer->options().every;
    task.identity["on_policy"] = writer->identity();
  }

  TrainResult run = train(task, data, params.frozen, std::move(params.trained), options, folder);
  DistillReport report{run.first.at("held_out"), run.best, run.last.at("held_out"), run.bestStep, run.steps};
  if (!Group::world().isFirst())
    return {{}, report};
  writeTextFile(folder / "report.json", report.toJson().dump(2) + "\n");
  if (run.params.empty()) // the state of step 0
    return {load(), report};
  if (isRounded)
    params.frozen = load();
  run.params.merge(params.frozen);
  mergeLora(run.params, options.lora.scale());
  return {std::move(run.params), report};
}

} // namespace xlstm
