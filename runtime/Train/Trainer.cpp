//===- Trainer.cpp - the loop that stages I and II share ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/Trainer.h"

#include "BatchLoader.h"
#include "EventFile.h"
#include "Exchange.h"
#include "Identity.h"
#include "LogFile.h"
#include "Replay.h"
#include "SpeedLog.h"
#include "SpikeWatch.h"
#include "StepWork.h"
#include "Trainee.h"
#include "WrittenBatches.h"

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Progress.h"

#include <c10/core/GradMode.h>

#include <cmath>

namespace xlstm {
namespace {

class Run {
public:
  Run(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, ParamMap initial,
      const TrainOptions &options, const std::filesystem::path &folder)
      : task(task), data(data), options(options), folder(folder),
        store(folder / "checkpoints", options.checkpointEvery, std::max<int64_t>(2, options.keptCheckpoints)),
        all(frozen),
        batches([this](int64_t step) { return makeBatch(step, group.part(this->options.batch)); }, options.steps),
        written(task, data, options, group), spikes(options.spike) {
    options.check(task.name, group.size(), task.every);
    if (initial.empty())
      fail(task.name, ": there is nothing to train: the student has no tensor that linearizing added");
    record = {{"identity", identityOf(task, data, frozen, initial, options)}};
    trainee = Trainee::make(group, std::move(initial), task, options);
    for (const auto &[name, param] : trainee->leaves())
      all[name] = param;
    work.emplace(task, all, *trainee, group, /*isUniform=*/options.batch % group.size() == 0);
    order = rowOrder(data.counts, data.weights, options.seed, options.steps * options.batch,
                     shuffledTogether(data.rows.length()));
    rowHashes = data.rows.hashes();
  }

  TrainResult run() {
    std::filesystem::create_directories(folder);
    DeferInterrupts interrupts; // a step ends, and a checkpoint is saved, before one is heeded
    announce(task.name, "measuring the start");
    begin();
    if (options.replayStep > 0)
      replay();
    stopIfAsked(interrupts);
    Progress progress(task.name, options.steps, done);
    StepNote note(speed, bool(task.write), device());
    while (done < options.steps && !hasStopped()) {
      step();
      ++done;
      int64_t tokens = task.write ? written.tokens() : options.batch * data.rows.length();
      if (timing)
        timing->count(tokens);
      bool last = done == options.steps;
      bool isValidated = last || done % options.validateEvery == 0,
           isSaved = last || done % options.checkpointEvery == 0;
      if (isValidated || isSaved || task.write || steps.isDue()) // what was written is there until the next step
        writeSteps();
      if (isValidated)
        validate();
      if (isSaved || hasStopped())
        save();
      progress.advance(1, note.after(steps.loss(), tokens));
      if (options.onStep)
        options.onStep(done);
      stopIfAsked(interrupts);
    }
    return result();
  }

private:
  c10::Device device() const { return all.begin()->second.device(); }
  bool hasStopped() const { return record.value("stopped", false); }

  /// The newest checkpoint that this run would have come by. `reason`: why not by another; rank 0 knows it.
  std::optional<Checkpoint> newest(std::string &reason) {
    Slices slices;
    for (const auto &[name, slice] : trainee->params().slices)
      for (const char *kind : {"param/", "m/", "v/"})
        slices[kind + name] = slice;
    const Slices *only = group.isAlone() ? nullptr : &slices;
    std::optional<Checkpoint> found;
    auto fits = [&](const Checkpoint &checkpoint) {
      std::string why = whyNotFrom(checkpoint);
      reason = reason.empty() ? why : reason;
      return why.empty();
    };
    if (group.isFirst())
      found = store.newest(fits, {only});
    std::string step = group.share(found ? std::to_string(found->step) : "");
    return found || step.empty() ? found : store.at(std::stoll(step), {only, /*verify=*/false});
  }

  /// Takes up the newest checkpoint, or validates the start.
  void begin() {
    std::string reason;
    std::optional<Checkpoint> checkpoint = newest(reason);
    if (!checkpoint) {
      if (options.replayStep > 0)
        return;
      if (!reason.empty())
        beginAnew(reason);
      openLogs(0, 0);
      validate();
      return;
    }
    takeUp(*checkpoint);
    if (options.replayStep == 0)
      openLogs(record.at("log_bytes").get<int64_t>(), record.value("event_bytes", int64_t{0}));
  }

  void openLogs(int64_t logBytes, int64_t eventBytes) {
    if (!group.isFirst())
      return;
    log.emplace(folder / "metrics.jsonl", logBytes);
    events.emplace(folder / eventFileName, eventBytes);
    timing.emplace(folder / "speed.jsonl", done, speed, device());
  }

  void beginAnew(const std::string &reason) {
    say(task.name, "begins anew: " + reason);
    std::error_code ignored;
    for (const char *part : {"checkpoints", "best"})
      std::filesystem::remove_all(folder / part, ignored);
  }

  /// Why this run would not have come by a checkpoint; empty where it would. Throws Error for another run's.
  std::string whyNotFrom(const Checkpoint &checkpoint) const {
    const Json &was = checkpoint.record.at("identity"), &is = record.at("identity");
    if (!isGrown(was, is)) {
      checkIdentity(was, is, folder);
      return "";
    }
    int64_t before = was.at("options").at("steps"), step = checkpoint.step;
    if (std::optional<int64_t> other = stepOfOtherRate(was, options, step))
      return "its learning rate at step " + std::to_string(*other + 1) + " would have been another one";
    if (step % task.every != 0)
      return "a longer run does not write between steps " + std::to_string(step) + " and " + std::to_string(step + 1);
    if (step > options.steps)
      return "it is asked for fewer steps than it has done";
    if (step == before && step % options.validateEvery != 0)
      return "a longer run is not validated at step " + std::to_string(step);
    if (checkpoint.record.value("taken", "") != takenBy(step))
      return "its rows would have been others";
    int64_t best = checkpoint.record.value("best_step", int64_t{0});
    std::error_code error;
    if (task.keepBest && best > 0 && best < step && !std::filesystem::exists(folder / "best", error))
      return "its best state is not there any more";
    return "";
  }

  /// A hash of the rows of the first steps.
  std::string takenBy(int64_t step) const {
    ContentHash hash;
    for (int64_t row : std::span(order).first(size_t(step * options.batch)))
      hash.update(std::as_bytes(std::span(&rowHashes[size_t(row)], 1)));
    return hexDigits(hash.value());
  }

  void takeUp(const Checkpoint &checkpoint) {
    trainee->restore(checkpoint.tensors);
    Json identity = record.at("identity");
    bool hasGrown = checkpoint.record.at("identity") != identity;
    record = checkpoint.record;
    record["identity"] = identity;
    spikes.restore(record.value("recent", Json::array()));
    done = saved = checkpoint.step;
    if (hasGrown)
      say(task.name, "goes on from step " + std::to_string(done) + " to " + std::to_string(options.steps));
    if (hasGrown && task.keepBest && record.at("best_step") == done) // was the last, and is not any more
      writeBest();
  }

  /// The parts of a step's batch, of its rows [first, second). Runs ahead, in another thread.
  std::vector<BatchPart> makeBatch(int64_t step, std::pair<int64_t, int64_t> which) const {
    TokenRows batch = data.rows.select(rowsOf(step));
    return partsOf(batch.slice(which.first, which.second), task.tokens(batch));
  }

  std::vector<BatchPart> partsOf(const TokenRows &rows, int64_t tokens) const {
    return xlstm::partsOf(task, rows, tokens, options.microBatch);
  }

  std::vector<BatchPart> nextBatch(StepMetrics &metrics) {
    if (!task.write)
      return batches.take(done);
    TokenRows rows = written.take(done, order, all);
    metrics.count("written", double(task.tokens(rows)), device());
    return partsOf(rows, written.tokens());
  }

  /// One update. Nothing in it waits for the device, but where the student writes.
  void step() {
    trainee->clearGradients(); // parts add up
    GateRanges gates;
    StepMetrics metrics;
    std::vector<BatchPart> parts = nextBatch(metrics);
    for (const BatchPart &part : parts)
      work->run(part, metrics, gates);
    for (int64_t part = int64_t(parts.size()); part < mostParts(); ++part)
      trainee->addGradients(); // others have one more
    sumMetrics(group, metrics, gates);
    double rate = options.rate.at(done, options.steps), newRate = options.newRate().at(done, options.steps);
    at::Tensor norm = trainee->norm();
    trainee->step(done + 1, {rate, newRate}, clipDivisor(norm, options.clip));
    metrics.finish(rate, norm, gates);
    if (group.isFirst())
      steps.add(done + 1, std::move(metrics));
  }

  /// Parts of a step on the rank that has most of them.
  int64_t mostParts() const {
    int64_t rows = (options.batch + group.size() - 1) / group.size();
    int64_t micro = options.microBatch == 0 ? rows : options.microBatch;
    return (rows + micro - 1) / micro;
  }

  void writeLine(const Json &line) {
    if (!group.isFirst())
      return;
    log->append(line.dump() + "\n");
    events->append(line);
  }

  /// The steps before the one that is asked for, and that one row by row. Nothing is written.
  [[noreturn]] void replay() {
    int64_t last = options.replayStep - 1;
    if (last < done || last >= options.steps)
      fail(folder.string(), ": expected a step from ", done + 1, " to ", options.steps, " to replay, found ", last + 1);
    Progress progress(task.name, last, done);
    for (; done < last; ++done, progress.advance())
      step();
    TokenRows rows = task.write ? written.take(last, order, all) : data.rows.select(rowsOf(last));
    throw Replayed{
        {{"task", task.name}, {"step", last + 1}, {"rows", lossesOfRows(task, rows, rowsOf(last), all, *trainee)}}};
  }

  void writeSteps() {
    std::optional<BadStep> bad = steps.fetch([&](const Json &line) {
      writeLine(line);
      return spikes.look(line.at("loss"));
    });
    if (!bad)
      return;
    int64_t step = bad->step - 1;
    std::vector<int64_t> rows = rowsOf(step);
    if (task.write) // of this rank, which is the first
      rows.resize(size_t(group.part(options.batch).second));
    saveFailure(folder / failedName, task.name, *bad, rows,
                task.write ? xlstm::partsOf(task, written.of(step), written.tokens(), 0)
                           : makeBatch(step, {0, options.batch}));
    fail(folder.string(), ": step ", bad->step, " of ", task.name, ": ", bad->what, "; its batch is in ",
         (folder / failedName).string(),
         ", xlstm replay shows its rows; a lower learning rate or a longer warm-up may help");
  }

  std::vector<int64_t> rowsOf(int64_t step) const {
    std::span<const int64_t> rows = std::span(order).subspan(size_t(step * options.batch), size_t(options.batch));
    return {rows.begin(), rows.end()};
  }

  void validate() {
    c10::NoGradGuard noGrad;
    if (timing)
      timing->end(done);
    Json found = task.validate(all);
    double value = found.at("held_out");
    if (!std::isfinite(value))
      fail(folder.string(), ": step ", done, " of ", task.name, ": held-out loss is ", value);
    if (done == 0)
      record["first"] = found;
    record["last"] = found;
    bool isLess = done == 0 || value < record.at("best").get<double>();
    record["waited"] = isLess ? int64_t{0} : record.value("waited", int64_t{0}) + 1;
    if (isLess) {
      record["best"] = value;
      record["best_step"] = done;
      if (task.keepBest && done > 0 && done < options.steps)
        writeBest();
    }
    if (options.patience > 0 && record["waited"] >= options.patience && done < options.steps) {
      record["stopped"] = true;
      say(task.name, "stops after step " + std::to_string(done) + ": " + std::to_string(options.patience) +
                         " validations brought nothing below " + shortest(record["best"]));
    }
    Json line = {{"step", done}};
    line.update(found);
    if (group.isFirst() && options.scoreEvery > 0 && (done % options.scoreEvery == 0 || done == options.steps))
      line.update(options.score(all));
    writeLine(line);
    if (timing)
      timing->begin(done);
  }

  void writeBest() {
    CheckpointState params = trainee->params();
    writeCheckpoint(folder / "best",
                    {done, std::move(params.tensors), Json::object(), params.slices, params.isSharded});
    group.barrier();
  }

  void stopIfAsked(const DeferInterrupts &interrupts) {
    if (!written.isBorder(done) && done < options.steps)
      return;
    int signal = int(group.greatest(interrupts.signal())); // ranks stop at one step, whichever was told to
    if (!signal)
      return;
    if (saved != done) {
      writeSteps();
      save();
    }
    throw Stopped{signal, task.name + " stopped after step " + std::to_string(done) + " of " +
                              std::to_string(options.steps) + ", its checkpoint is saved in " + folder.string() +
                              "; the same command goes on from there"};
  }

  void save() {
    if (group.isFirst()) {
      record["log_bytes"] = log->flush();
      record["event_bytes"] = events->flush();
    }
    record["taken"] = takenBy(done);
    record["recent"] = spikes.state();
    CheckpointState state = trainee->state();
    store.save({done, std::move(state.tensors), record, std::move(state.slices), state.isSharded});
    saved = done;
    group.barrier();
  }

  TrainResult result() {
    TrainResult result{{}, record.at("first"), record.at("last"), done, done, record.at("last").at("held_out")};
    if (task.keepBest) {
      result.bestStep = record.at("best_step");
      result.best = record.at("best");
    }
    trainee->clearGradients(); // the best state comes in place of the gradients
    if (result.bestStep == 0 && done > 0)
      return result;
    if (result.bestStep == done) {
      result.params = trainee->values();
      std::error_code ignored; // an earlier step's, which only takes space
      if (group.isFirst())
        std::filesystem::remove_all(folder / "best", ignored);
    } else if (group.isFirst()) {
      result.params = readCheckpoint(folder / "best").tensors;
    }
    return result;
  }

  const TrainTask &task;
  const MixedRows &data;
  const TrainOptions &options;
  std::filesystem::path folder;
  Group &group = Group::world();
  CheckpointStore store;
  ParamMap all;
  std::unique_ptr<Trainee> trainee;
  std::vector<int64_t> order;
  std::vector<uint64_t> rowHashes;
  BatchLoader batches;
  WrittenBatches written;
  StepLog steps;
  SpikeWatch spikes;
  std::optional<StepWork> work;
  int64_t done = 0, saved = -1;
  /// Kept in the checkpoint: identity, log_bytes, event_bytes, taken, recent, first, last, best, best_step, waited,
  /// stopped.
  Json record;
  std::optional<LogFile> log;
  std::optional<EventFile> events;
  const StepSpeed speed = {options.tokenOperations, options.deviceOperations};
  std::optional<SpeedLog> timing;
};

} // namespace

TrainResult train(const TrainTask &task, const MixedRows &data, const ParamMap &frozen, ParamMap initial,
                  const TrainOptions &options, const std::filesystem::path &folder) {
  return Run(task, data, frozen, std::move(initial), options, folder).run();
}

} // namespace xlstm
