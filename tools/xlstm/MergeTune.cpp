//===- MergeTune.cpp - a merge's lambda chosen by what it is good for -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MergeTune.h"

#include "Models.h"

#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Runtime/Eval/BitsPerByte.h"
#include "xlstm/Runtime/Merge/Merge.h"
#include "xlstm/Runtime/Merge/TuneWeights.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Progress.h"

namespace fs = std::filesystem;

namespace xlstm {
namespace {

/// One model in memory whose parameters become those of each merge in turn.
class Tuner {
public:
  Tuner(const MergeConfig &config, const TuneInputs &inputs)
      : merge(config), folder(mergedModels(config).front().folder), encoder(Encoder::load(folder)), vocabulary(encoder.vocabulary()),
        model(std::make_shared<RunnableModel>(RunnableModel::open(folder, inputs.eval.device))) {
    if (inputs.byTasks)
      tasks = readTasks(inputs.eval);
    else
      for (const Domain &domain : readDomains(inputs.eval, encoder))
        texts.push_back(packHeldOut(vocabulary, domain.documents, inputs.eval.pieceTokens, inputs.eval.tokens));
    for (const PackedText &text : texts)
      if (text.bytes == 0)
        fail("merge --tune: expected held-out text in every domain, found one without");
  }

  double cost(const MergeConfig &config) {
    merge.merge(config, [&](const TensorSpec &spec, std::span<const std::byte> bytes) {
      auto found = model->params.find(spec.name);
      if (found != model->params.end())
        found->second.copy_(viewOf({spec, bytes, nullptr}));
    });
    double sum = 0;
    LoadedModel loaded = asLoaded(model);
    for (const PackedText &text : texts)
      sum += bitsPerByte(sumOfNats(loaded.forward, loaded.params, text), text.bytes) / double(texts.size());
    for (const Task &task : tasks)
      sum -= runTask(loaded, vocabulary, task).metrics.at(task.metric()) / double(tasks.size());
    return sum;
  }

private:
  MergeInputs merge;
  fs::path folder;
  Encoder encoder;
  const Vocabulary &vocabulary;
  std::shared_ptr<RunnableModel> model;
  std::vector<PackedText> texts;
  std::vector<Task> tasks;
};

} // namespace

static Json describe(const TuneCurve &curve, const MergeConfig &config, const TuneInputs &inputs) {
  Json models = Json::array(), points = Json::array(), on = Json::array();
  for (const MergeSource &model : mergedModels(config))
    models.push_back(model.folder.filename().string());
  for (const TunePoint &point : curve.points)
    points.push_back({{"values", point.values}, {"score", inputs.byTasks ? -point.cost : point.cost}});
  for (const EvalDomain &domain : inputs.eval.domains)
    if (!inputs.byTasks)
      on.push_back(domain.name);
  for (const fs::path &task : inputs.eval.tasks)
    if (inputs.byTasks)
      on.push_back(task.stem().string());
  return {{"parameter", curve.parameter},
          {"by", inputs.byTasks ? "tasks" : "loss"},
          {"score", inputs.byTasks ? "mean score of the tasks" : "mean bits per byte of the domains"},
          {"on", on},
          {"models", models},
          {"points", points},
          {"best", curve.best}};
}

static std::string wordsOf(const std::vector<double> &values) {
  std::string text;
  for (double value : values)
    text += (text.empty() ? "" : " ") + shortest(value);
  return text;
}

void mergeTuned(const MergeConfig &config, const TuneInputs &inputs, const fs::path &output) {
  checkMergedBundles(config);
  Tuner tuner(config, inputs);
  TuneCurve curve = tuneMerge(config, inputs.trials, [&](const MergeConfig &trial) { return tuner.cost(trial); });
  for (const TunePoint &point : curve.points)
    say("tune", curve.parameter + " " + wordsOf(point.values) + ": " + shortest(std::abs(point.cost)) +
                    (&point == &curve.points[curve.best] ? ", the best" : ""));
  MergeConfig best = withValues(config, curve.parameter, curve.points[curve.best].values);
  writeMerge(best, output, {{tuneFile, describe(curve, config, inputs).dump(1) + "\n"}});
}

} // namespace xlstm
