//===- Trainer.cpp - the loop that stages I and II share ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/Trainer.h"

#include "GateRanges.h"
#include "Identity.h"
#include "MetricsLog.h"

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
  Run(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, const ParamMap &initial,
      const TrainOptions &options, const std::filesystem::path &folder)
      : task(task), data(data), options(options), folder(folder),
        store(folder / "checkpoints", options.checkpointEvery), all(frozen), trained(copyOf(initial)),
        optimizer(trained, options.adamw) {
    if (options.steps < 0 || options.batch < 1 || options.microBatch < 0 || options.validateEvery < 1 ||
        options.checkpointEvery < 1)
      fail(task.name, ": steps, batch, microBatch, validateEvery or checkpointEvery is out of range");
    for (const auto &[name, param] : trained)
      all[name] = param;
    order = rowOrder(data.counts, data.weights, options.seed, options.steps * options.batch);
    record = {{"identity", identityOf(task, data, frozen, initial, options)}};
  }

  TrainResult run() {
    std::filesystem::create_directories(folder);
    DeferInterrupts interrupts; // a step ends, and a checkpoint is saved, before one is heeded
    announce(task.name, "measuring the start");
    begin();
    stopIfAsked(interrupts);
    Progress progress(task.name, options.steps, done);
    while (done < options.steps) {
      double loss = step();
      ++done;
      bool last = done == options.steps;
      if (last || done % options.validateEvery == 0)
        validate();
      if (last || done % options.checkpointEvery == 0)
        save();
      char note[32];
      std::snprintf(note, sizeof note, "loss %.4f", loss);
      progress.advance(1, note);
      if (options.onStep)
        options.onStep(done);
      stopIfAsked(interrupts);
    }
    return result();
  }

private:
  /// What is trained is at least float32, also where the function rounds it when it reads it.
  static ParamMap copyOf(const ParamMap &params) {
    ParamMap copies;
    for (const auto &[name, param] : params) {
      at::ScalarType type = c10::promoteTypes(param.scalar_type(), at::kFloat);
      copies[name] = param.detach().to(type, /*non_blocking=*/false, /*copy=*/true).set_requires_grad(true);
    }
    return copies;
  }

  /// Takes up the newest checkpoint, or validates the start.
  void begin() {
    std::optional<Checkpoint> checkpoint = store.newest();
    if (!checkpoint) {
      log.emplace(folder / "metrics.jsonl", 0);
      validate();
      save();
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

  /// One update; returns its loss.
  double step() {
    TokenRows batch = data.rows.select(std::span(order).subspan(done * options.batch, options.batch));
    optimizer.zeroGrad();
    GateRanges gates;
    Json line = {{"step", done + 1}, {"loss", 0.0}};
    int64_t micro = options.microBatch == 0 ? options.batch : options.microBatch;
    int64_t tokens = std::max<int64_t>(task.tokens(batch), 1);
    for (int64_t first = 0; first < options.batch; first += micro) {
      TokenRows part = batch.slice(first, std::min(first + micro, options.batch));
      double share = double(task.tokens(part)) / double(tokens);
      StepLosses losses = task.losses(part, all, &gates);
      losses.loss.mul(share).backward();
      line["loss"] = line["loss"].get<double>() + share * losses.loss.item<double>();
      for (const auto &[name, value] : losses.others)
        line[name] = line.value(name, 0.0) + share * value.item<double>();
    }
    double rate = options.rate.at(done, options.steps), norm = clipGradients(trained, options.clip);
    double loss = line["loss"];
    if (!std::isfinite(loss) || !std::isfinite(norm))
      fail(folder.string(), ": step ", done + 1, " of ", task.name, ": loss ", loss, ", gradient norm ", norm,
           "; a lower learning rate or a longer warm-up may help");
    optimizer.step(done + 1, rate);
    line["lr"] = rate;
    line["grad_norm"] = norm;
    gates.writeTo(line);
    log->append(line);
    return loss;
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
      if (task.keepBest)
        writeCheckpoint(folder / "best", {done, {trained.begin(), trained.end()}, Json::object()});
    }
    Json line = {{"step", done}};
    line.update(found);
    log->append(line);
  }

  void stopIfAsked(const DeferInterrupts &interrupts) {
    if (!interrupts.signal())
      return;
    if (saved != done)
      save();
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
      Checkpoint best = readCheckpoint(folder / "best");
      result.params = best.tensors;
      result.bestStep = record.at("best_step");
      result.best = record.at("best");
      return result;
    }
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
  int64_t done = 0, saved = -1;
  Json record; // kept in the checkpoint: identity, log_bytes, first, last, best, best_step
  std::optional<MetricsLog> log;
};

} // namespace

TrainResult train(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, const ParamMap &initial,
                  const TrainOptions &options, const std::filesystem::path &folder) {
  return Run(task, data, frozen, initial, options, folder).run();
}

} // namespace xlstm
