//===- Evaluation.cpp - teacher and students on all domains and tasks -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Evaluation.h"

#include "runtime/Eval/Agreement.h"
#include "runtime/Eval/Parts.h"
#include "runtime/Eval/Results.h"
#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Eval/BitsPerByte.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"

#include <iomanip>
#include <numeric>
#include <set>

namespace fs = std::filesystem;

namespace xlstm {

namespace {

/// All models' inputs, tokenized once.
struct Inputs {
  std::vector<PackedText> texts, gateTexts, agreementTexts; // a domain each
  std::vector<uint64_t> taskHashes;
  uint64_t gateHash;
};

} // namespace

static void checkName(const char *what, const std::string &name, std::set<std::string> &seen) {
  bool valid = !name.empty() && name[0] != '.' &&
               name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == name.npos;
  if (!valid)
    fail("evaluation: ", what, " '", name, "': expected a name of letters, digits, '.', '_' and '-'");
  if (!seen.insert(name).second)
    fail("evaluation: there are two ", what, "s called '", name, "'");
}

void checkBenchmarks(const std::vector<std::string> &domains, const std::vector<Task> &tasks) {
  std::set<std::string> names;
  for (const std::string &domain : domains)
    checkName("benchmark", domain, names);
  for (const Task &task : tasks)
    checkName("benchmark", task.name, names);
}

/// A model's folder is replaced as a whole: by results, never what else stands there.
static void checkModelFolder(const fs::path &folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error) || fs::is_empty(folder, error))
    return;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error))
    if (entry.path().filename().string().starts_with("results_"))
      return;
  fail(folder.string(), ": cannot write results here: what is there is something else and would be lost");
}

static void checkNames(const std::vector<EvalModel> &models, const std::vector<Domain> &domains,
                       const std::vector<Task> &tasks, const fs::path &folder) {
  std::set<std::string> modelNames;
  for (const EvalModel &model : models) {
    checkName("model", model.name, modelNames);
    checkModelFolder(folder / model.name);
  }
  std::vector<std::string> domainNames;
  for (const Domain &domain : domains)
    domainNames.push_back(domain.name);
  checkBenchmarks(domainNames, tasks);
}

template <typename T>
static void update(ContentHash &hash, const std::vector<T> &values) {
  hash.update(std::as_bytes(std::span(values)));
}

static uint64_t hashTask(const Task &task, const Vocabulary &vocabulary) {
  ContentHash hash;
  hash.update(task.name + " " + std::to_string(int(task.kind)));
  update(hash, vocabulary.eos);
  for (const TaskItem &item : task.items) {
    for (const std::string &text : {item.id, item.prompt, item.answer, std::to_string(item.label)})
      hash.update(text);
    hash.update(std::to_string(item.length.value_or(0)));
    update(hash, vocabulary.encodePrompt(item.prompt)); // another tokenizer, another result
    for (const std::string &choice : item.choices)
      hash.update(choice);
  }
  return hash.value();
}

static Inputs prepare(const Vocabulary &vocabulary, const std::vector<Domain> &domains, const std::vector<Task> &tasks,
                      const EvaluationSettings &settings) {
  Inputs inputs;
  ContentHash gates;
  for (const Domain &domain : domains) {
    inputs.texts.push_back(packHeldOut(vocabulary, domain.documents, settings.pieceTokens, settings.tokenLimit));
    if (inputs.texts.back().bytes == 0)
      fail("evaluation: domain '", domain.name, "' has no held-out text");
    inputs.gateTexts.push_back(packHeldOut(vocabulary, domain.documents, settings.pieceTokens, settings.gateTokens));
    int64_t tokens = agreementTokens(settings.agreementTokens, vocabulary.tokenizer->vocabSize(), domains.size());
    inputs.agreementTexts.push_back(packHeldOut(vocabulary, domain.documents, settings.pieceTokens, tokens));
    gates.update(hexDigits(inputs.gateTexts.back().hash()));
  }
  inputs.gateHash = gates.value();
  for (const Task &task : tasks)
    inputs.taskHashes.push_back(hashTask(task, vocabulary));
  return inputs;
}

static uint64_t hashModel(const EvalModel &model, const LoadedModel &loaded) {
  ContentHash hash;
  hash.update(model.source);
  for (const auto &[name, tensor] : loaded.params) {
    at::Tensor values = tensor.cpu().contiguous();
    hash.update(name);
    hash.update(std::span(static_cast<const std::byte *>(values.data_ptr()), values.nbytes()));
  }
  return hash.value();
}

static Json measureDomain(const LoadedModel &model, const Vocabulary &vocabulary, const PackedText &text,
                          const std::string &name) {
  for (const at::Tensor &tensor : {text.ids_RT, text.labels_RT}) {
    int32_t largest = int32_t(tensor.max().item<int64_t>());
    checkTokens({&largest, 1}, model.forward.function("model").results.at(0).shape.back(), *vocabulary.tokenizer,
                "domain " + name);
  }
  std::vector<double> rows = natsOfRows(model.forward, model.params, text);
  double nats = std::accumulate(rows.begin(), rows.end(), 0.0);
  return {{"bits_per_byte", bitsPerByte(nats, text.bytes)},
          {"nats", nats},
          {"row_nats", rows},
          {"tokens", text.tokens},
          {"bytes", text.bytes}};
}

static Json measureTask(const LoadedModel &model, const Vocabulary &vocabulary, const Task &task) {
  TaskScore score = runTask(model, vocabulary, task);
  return {{"metrics", score.metrics},
          {"standard_errors", score.standardErrors},
          {"items", score.items},
          {"samples", score.samples}};
}

/// A domain's part of a model: measured, or there already.
static Json textPart(const LoadedModel &model, const Parts &parts, const Vocabulary &vocabulary, const PackedText &text,
                     const std::string &name) {
  return parts.get("text-" + name, text.hash(), [&] { return measureDomain(model, vocabulary, text, name); });
}

static Json taskPart(const LoadedModel &model, const Parts &parts, const Vocabulary &vocabulary, const Task &task,
                     uint64_t hash) {
  return parts.get("task-" + task.name, hash, [&] { return measureTask(model, vocabulary, task); });
}

/// Parameters, and the bytes that a row's state takes: whatever its length, for each token, and when its context is
/// full.
static Json measureSize(const LoadedModel &model) {
  const FunctionSpec &forward = model.forward.function("model");
  uint64_t parameters = 0;
  for (const ParamSpec &param : forward.params)
    parameters += param.tensor.numElements();
  auto stateBytes = [&](int64_t context) {
    uint64_t bytes = 0;
    for (const at::Tensor &state : model.stateful(context, /*allLogits=*/false).initialState("decode", 1))
      bytes += state.nbytes();
    return bytes;
  };
  uint64_t one = stateBytes(1), perToken = stateBytes(2) - one, fixed = one - perToken;
  return {{"parameters", parameters},
          {"state_bytes", fixed + perToken * static_cast<uint64_t>(forward.contextLength)},
          {"state_fixed", fixed},
          {"state_a_token", perToken}};
}

static std::string rounded(double value) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(3) << value;
  return text.str();
}

/// The teacher's answers, with which each student's are compared; kept while students are scored.
struct TeacherAnswers {
  uint64_t model = 0; // its hash; 0: not there yet
  std::vector<at::Tensor> texts_NV;
};

static Json measureAgreement(const LoadedModel &loaded, const Parts &parts, const Inputs &inputs,
                             const std::vector<Domain> &domains, const TeacherAnswers &teacher) {
  Json result = Json::object();
  for (size_t i = 0; i < domains.size() && teacher.model; ++i) {
    const PackedText &text = inputs.agreementTexts[i];
    result[domains[i].name] = parts.get("agreement-" + domains[i].name, text.hash() ^ teacher.model, [&] {
      return agreement(teacher.texts_NV[i], logProbabilities(loaded.forward, loaded.params, text));
    });
  }
  return result;
}

/// Measures those of a model's parts that are this rank's, where `part` counts all models'.
static void measureParts(const EvalModel &model, const Inputs &inputs, const Vocabulary &vocabulary,
                         const std::vector<Domain> &domains, const std::vector<Task> &tasks, const fs::path &folder,
                         int64_t &part) {
  const Group &group = Group::world();
  std::vector<std::function<void(const LoadedModel &, const Parts &)>> mine;
  for (size_t i = 0; i < domains.size(); ++i)
    if (group.isMine(part++))
      mine.push_back([&, i](const LoadedModel &loaded, const Parts &parts) {
        textPart(loaded, parts, vocabulary, inputs.texts[i], domains[i].name);
      });
  for (size_t i = 0; i < tasks.size(); ++i)
    if (group.isMine(part++))
      mine.push_back([&, i](const LoadedModel &loaded, const Parts &parts) {
        taskPart(loaded, parts, vocabulary, tasks[i], inputs.taskHashes[i]);
      });
  if (mine.empty())
    return;
  LoadedModel loaded = model.load();
  Parts parts(folder / "parts" / model.name, hashModel(model, loaded));
  for (const auto &measure : mine)
    measure(loaded, parts);
}

static ModelResults evaluateModel(const EvalModel &model, const Inputs &inputs, const Vocabulary &vocabulary,
                                  const std::vector<Domain> &domains, const std::vector<Task> &tasks,
                                  const fs::path &folder, TeacherAnswers *asTeacher, const TeacherAnswers &teacher,
                                  Progress &progress) {
  LoadedModel loaded = model.load();
  uint64_t hash = hashModel(model, loaded);
  Parts parts(folder / "parts" / model.name, hash);
  ModelResults results;
  results.name = model.name;
  for (size_t i = 0; i < domains.size(); ++i) {
    Json &result = results.domains[domains[i].name];
    result = textPart(loaded, parts, vocabulary, inputs.texts[i], domains[i].name);
    progress.advance(1, model.name + " " + domains[i].name + " " + rounded(result.at("bits_per_byte")));
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    Json &result = results.tasks[tasks[i].name];
    result = taskPart(loaded, parts, vocabulary, tasks[i], inputs.taskHashes[i]);
    progress.advance(1, model.name + " " + tasks[i].name + " " + rounded(result.at("metrics").at(tasks[i].metric())));
  }
  if (!asTeacher) {
    results.agreement = measureAgreement(loaded, parts, inputs, domains, teacher);
  } else {
    asTeacher->model = hash;
    for (const PackedText &text : inputs.agreementTexts)
      asTeacher->texts_NV.push_back(logProbabilities(loaded.forward, loaded.params, text));
  }
  results.gates = parts.get("gates", inputs.gateHash,
                            [&] { return Json(medianGates(loaded.forward, loaded.params, inputs.gateTexts)); });
  results.size = parts.get("size", 0, [&] { return measureSize(loaded); });
  progress.advance(1, model.name);
  return results;
}

Json evaluateModels(const std::vector<EvalModel> &models, const Vocabulary &vocabulary,
                    const std::vector<Domain> &domains, const std::vector<Task> &tasks,
                    const EvaluationSettings &settings, const fs::path &folder) {
  checkNames(models, domains, tasks, folder);
  Inputs inputs = prepare(vocabulary, domains, tasks, settings);
  if (Group &group = Group::world(); !group.isAlone()) {
    int64_t part = 0;
    for (const EvalModel &model : models)
      measureParts(model, inputs, vocabulary, domains, tasks, folder, part);
    group.barrier();
    if (!group.isFirst()) // which finds all of them measured, and puts them together
      return Json::object();
  }
  std::vector<ModelResults> results;
  {
    Progress progress("evaluate", int64_t(models.size() * (domains.size() + tasks.size() + 1)));
    TeacherAnswers answers;
    for (const EvalModel &model : models) {
      bool isTeacher = model.name == settings.teacher;
      results.push_back(evaluateModel(model, inputs, vocabulary, domains, tasks, folder, isTeacher ? &answers : nullptr,
                                      answers, progress));
    }
  }
  for (const ModelResults &model : results)
    writeHarnessResults(folder, model, tasks, settings);
  Json summary = summarize(results, tasks, settings);
  writeTextFile(folder / "results.json", summary.dump(1) + "\n");
  return summary;
}

} // namespace xlstm
