//===- Trainer.cpp - the loop that stages I and II share ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/Trainer.h"

#include "BatchLoader.h"
#include "Identity.h"
#include "MetricsLog.h"
#include "StepWork.h"

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"

#include <c10/core/GradMode.h>

#include <cmath>
#include <cstdio>

namespace xlstm {
namespace {

class Run {
public:
  Run(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, ParamMap initial,
      const TrainOptions &options, const std::filesystem::path &folder)
      : task(task), data(data), options(options), folder(folder),
        store(folder / "checkpoints", options.checkpointEvery), all(frozen), trained(leavesOf(std::move(initial))),
        optimizer(trained, options.adamw, task.added),
        batches([this](int64_t step) { return makeBatch(step); }, options.steps) {
    if (options.steps < 0 || options.batch < 1 || options.microBatch < 0 || options.validateEvery < 1 ||
        options.checkpointEvery < 1)
      fail(task.name, ": steps, batch, microBatch, validateEvery or checkpointEvery is out of range");
    if (trained.empty())
      fail(task.name, ": there is nothing to train: the student has no tensor that linearizing added");
    for (const auto &[name, param] : trained)
      all[name] = param;
    work.emplace(task, all, trained);
    order = rowOrder(data.counts, data.weights, options.seed, options.steps * options.batch);
    record = {{"identity", identityOf(task, data, frozen, trained, options)}};
  }

  TrainResult run() {
    std::filesystem::create_directories(folder);
    DeferInterrupts interrupts; // a step ends, and a checkpoint is saved, before one is heeded
    announce(task.name, "measuring the start");
    begin();
    stopIfAsked(interrupts);
    Progress progress(task.name, options.steps, done);
    while (done < options.steps) {
      step();
      ++done;
      bool last = done == options.steps;
      bool isValidated = last || done % options.validateEvery == 0,
           isSaved = last || done % options.checkpointEvery == 0;
      if (isValidated || isSaved || steps.isDue())
        writeSteps();
      if (isValidated)
        validate();
      if (isSaved)
        save();
      char note[32];
      std::snprintf(note, sizeof note, "loss %.4f", steps.loss());
      progress.advance(1, note);
      if (options.onStep)
        options.onStep(done);
      stopIfAsked(interrupts);
    }
    return result();
  }

private:
  /// What is trained is at least float32, also where the function rounds it when it reads it. Others are not copied.
  static ParamMap leavesOf(ParamMap params) {
    for (auto &[name, param] : params)
      param = param.detach().to(c10::promoteTypes(param.scalar_type(), at::kFloat)).set_requires_grad(true);
    return params;
  }

  /// Takes up the newest checkpoint, or validates the start.
  void begin() {
    std::optional<Checkpoint> checkpoint = store.newest();
    if (!checkpoint) {
      log.emplace(folder / "metrics.jsonl", 0);
      validate();
      return;
    }
    checkIdentity(checkpoint->record.at("identity"), record.at("identity"), folder);
    c10::NoGradGuard noGrad;
    for (const auto &[name, param] : trained)
      param.copy_(checkpoint->tensors.at("param/" + name));
    optimizer.restore(checkpoint->tensors);
    record = checkpoint->record;
    done = saved = checkpoint->step;
    log.emplace(folder / "metrics.jsonl", record.at("log_bytes").get<int64_t>());
  }

  /// The parts of a step's batch. Runs ahead, in another thread.
  std::vector<BatchPart> makeBatch(int64_t step) const {
    TokenRows batch = data.rows.select(std::span(order).subspan(step * options.batch, options.batch));
    int64_t micro = options.microBatch == 0 ? options.batch : options.microBatch;
    double tokens = double(std::max<int64_t>(task.tokens(batch), 1));
    std::vector<BatchPart> parts;
    for (const TokenRows &part : batch.batches(micro))
      parts.push_back({task.arguments(part), double(task.tokens(part)) / tokens, micro >= options.batch});
    return parts;
  }

  /// One update. Nothing in it waits for the device.
  void step() {
    optimizer.zeroGrad(); // parts add up
    GateRanges gates;
    StepMetrics metrics;
    for (const BatchPart &part : batches.take(done))
      work->run(part, metrics, gates);
    double rate = options.rate.at(done, options.steps), newRate = options.newRate().at(done, options.steps);
    at::Tensor norm = gradientNorm(trained);
    optimizer.step(done + 1, {rate, newRate}, clipDivisor(norm, options.clip));
    metrics.finish(rate, norm, gates);
    steps.add(done + 1, std::move(metrics));
  }

  void writeSteps() {
    steps.fetch(folder.string(), task.name, [&](const Json &line) { log->append(line); });
  }

  void validate() {
    c10::NoGradGuard noGrad;
    Json found = task.validate(all);
    double value = found.at("held_out");
    if (!std::isfinite(value))
      fail(folder.string(), ": step ", done, " of ", task.name, ": held-out loss is ", value);
    if (done == 0)
      record["first"] = found;
    record["last"] = found;
    if (done == 0 || (task.keepBest && value < record.at("best").get<double>())) {
      record["best"] = value;
      record["best_step"] = done;
      if (task.keepBest && done > 0 && done < options.steps)
        writeCheckpoint(folder / "best", {done, {trained.begin(), trained.end()}, Json::object()});
    }
    Json line = {{"step", done}};
    line.update(found);
    log->append(line);
  }

  void stopIfAsked(const DeferInterrupts &interrupts) {
    if (!interrupts.signal())
      return;
    if (saved != done) {
      writeSteps();
      save();
    }
    throw Stopped{interrupts.signal(), task.name + " stopped after step " + std::to_string(done) + " of " +
                                           std::to_string(options.steps) + ", its checkpoint is saved in " +
                                           folder.string() + "; the same command goes on from there"};
  }

  void save() {
    record["log_bytes"] = log->flush();
    Checkpoint checkpoint{done, optimizer.state(), record};
    for (const auto &[name, param] : trained)
      checkpoint.tensors["param/" + name] = param.detach();
    store.save(checkpoint);
    saved = done;
  }

  TrainResult result() {
    TrainResult result{{}, record.at("first"), record.at("last"), done, record.at("last").at("held_out")};
    if (task.keepBest) {
      result.bestStep = record.at("best_step");
      result.best = record.at("best");
    }
    optimizer.zeroGrad(); // the best state comes in place of the gradients
    if (result.bestStep == 0 && done > 0)
      return result;
    if (result.bestStep < done) {
      result.params = readCheckpoint(folder / "best").tensors;
      return result;
    }
    std::error_code ignored; // an earlier step's, which only takes space
    std::filesystem::remove_all(folder / "best", ignored);
    for (const auto &[name, param] : trained)
      result.params[name] = param.detach();
    return result;
  }

  const TrainTask &task;
  const MixedRows &data;
  const TrainOptions &options;
  std::filesystem::path folder;
  CheckpointStore store;
  ParamMap all, trained;
  AdamW optimizer;
  std::vector<int64_t> order;
  BatchLoader batches;
  StepLog steps;
  std::optional<StepWork> work;
  int64_t done = 0, saved = -1;
  Json record; // kept in the checkpoint: identity, log_bytes, first, last, best, best_step
  std::optional<MetricsLog> log;
};

} // namespace

TrainResult train(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, ParamMap initial,
                  const TrainOptions &options, const std::filesystem::path &folder) {
  return Run(task, data, frozen, std::move(initial), options, folder).run();
}

} // namespace xlstm
