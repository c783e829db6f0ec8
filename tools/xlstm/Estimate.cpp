//===- Estimate.cpp - what a run will need --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Disk follows from the formats; memory from what a stage holds a parameter, which is exact, and from activations,
// whose factors below are measured (docs/YourOwnModel.md).

#include "Estimate.h"
#include "EstimateRanks.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <iomanip>
#include <set>
#include <sstream>

namespace xlstm {

namespace {

/// What the estimate reads off a module.
struct Shapes {
  int64_t bytes = 0;               // of a bundle's weights
  int64_t elements = 0, added = 0; // parameters, and those that passes added
  int64_t vocab = 0, context = 0, width = 0, feedForward = 0, layers = 0;
  int64_t heads = 0, queries = 0, keys = 0; // of a layer: number, width of queries and of keys
};

constexpr int64_t F32 = 4;
constexpr int64_t Checkpointed = 3 * F32, Training = 4 * F32; // a param and its two moments; and its gradient
constexpr int64_t Rounded = 2;                                // a weight that a step in bf16 reads
constexpr int64_t EvaluatedLogits = 1 << 24;                  // of a batch (runtime/Eval/BitsPerByte.cpp)
constexpr int64_t LossLogits = 1 << 22, LossTokens = 256;     // at once, in training (runtime/Evaluate/HeadLosses.h)
constexpr int64_t Logits16 = 272 << 20;                       // bytes of them (kernels/cuda/SparseLoss.cu)
// Float32 numbers that a token of a training batch keeps alive until its gradient is known, in a layer, by its width
// and that of its feed-forward part. Where only mixers are trained the layers' other ops keep nothing.
constexpr int64_t PerWidth = 8, PerFeedForward = 3, PerAlignedWidth = 10;
constexpr double bytesOfToken = 3.4;   // of text; a compressed byte is 4
constexpr double tokenizingCost = 100; // bytes copied in the time in which a byte of text is read, packed and encoded
constexpr double WithAdapters = 1.45;  // what adapters beside all projections make of an expert's
// Forward passes that a token costs which is written, one of a row at a time: measured on two cores. A GPU takes more
// of a small model, for whose launches it waits.
constexpr double WritingTimes = 2;

} // namespace

static std::string oneDigit(double value) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << value;
  return text.str();
}

static std::string stepsText(const TrainOptions &options) {
  return std::to_string(options.steps) + " steps of " + std::to_string(options.batch) + " rows";
}

static Shapes shapesOf(const std::string &mlir, const std::string &origin) {
  ModelDescription model = describeModel(mlir, origin);
  Shapes shapes;
  shapes.elements = model.parameters;
  shapes.added = model.newParameters;
  shapes.vocab = model.vocab;
  shapes.context = model.contextLength;
  shapes.width = model.width;
  shapes.layers = int64_t(model.layers.size());
  for (const LayerDescription &layer : model.layers) {
    shapes.feedForward = std::max(shapes.feedForward, layer.feedForward);
    shapes.heads = std::max(shapes.heads, layer.heads);
    shapes.queries = std::max(shapes.queries, layer.heads * layer.headSize);
    shapes.keys = std::max(shapes.keys, layer.kvHeads * layer.headSize);
  }
  const xlstm::Program program = xlstm::Program::parse(mlir, origin);
  for (const ParamSpec &param : program.function("model").params)
    shapes.bytes += int64_t(param.tensor.numBytes());
  return shapes;
}

/// What a token keeps of all layers, each of which keeps `layer` numbers; of layers that are computed once more, what
/// goes into them, and one of them at a time.
static int64_t ofLayers(const Shapes &model, const TrainOptions &options, int64_t layer) {
  return options.recompute ? model.layers * model.width + layer : model.layers * layer;
}

static bool isNarrow(const TrainOptions &options) { return options.precision == "bf16"; }

/// In bf16, on a GPU: what the nodes of a layer keep. A norm its rows, projections those behind it, the output gate q,
/// k and v, the mixer these again, rotated, and its window's output and logarithms; the projections of heads and of the
/// feed-forward part what they read, gate and up both.
static int64_t narrowLayer(const Shapes &m, Trained trained) {
  int64_t mixer = 3 * m.queries + 3 * m.keys + 16 * m.heads;
  return trained == Trained::Mixer ? mixer + 3 * m.width + 2 * m.feedForward
                                   : mixer + 4 * m.width + m.queries + 3 * m.feedForward;
}

/// Of a training step over `tokens` tokens at once: an expert's, and stage I's, which has no loss behind the head.
static int64_t expertActivations(const Shapes &model, const TrainOptions &options, int64_t tokens) {
  double share = options.trained == Trained::Lora ? WithAdapters : 1;
  if (isNarrow(options)) {
    int64_t one = narrowLayer(model, options.trained), layers = ofLayers(model, options, one) + one;
    return int64_t(share * double(2 * tokens * layers)) + std::min(Logits16, 2 * tokens * model.vocab);
  }
  int64_t layer = PerWidth * model.width + PerFeedForward * model.feedForward;
  int64_t layers = ofLayers(model, options, layer) + 2 * layer; // what the gradient of one makes on its way
  int64_t logits = std::min(tokens, std::max(LossTokens, LossLogits / model.vocab)) * model.vocab;
  return int64_t(share * double(F32 * tokens * layers)) + F32 * logits;
}
static int64_t alignActivations(const Shapes &model, const TrainOptions &options, int64_t tokens) {
  if (isNarrow(options)) {
    int64_t layer = model.width + 5 * model.queries + 3 * model.keys + 16 * model.heads;
    return 2 * tokens * (ofLayers(model, options, layer) + 3 * model.feedForward);
  }
  return F32 * tokens * ofLayers(model, options, PerAlignedWidth * model.width);
}

/// Multiplications and additions of one token's way through a model, in rows of `length` tokens (Kaplan et al. 2020).
static double forwardOperations(const Shapes &model, int64_t length) {
  return 2 * double(model.elements) + 2 * double(model.layers * model.width) * double(length);
}

/// How many times that a trained token takes: backward twice as much for what trains and once for what lies between;
/// stage I runs both mixers and goes back through the student's alone.
static double timesForward(const TrainOptions &options, bool isAlignment) {
  double times = isAlignment ? 2 : options.trained == Trained::Full ? 3 : 2.2;
  return times + (options.recompute ? 1 : 0);
}

static void addWork(StageNeeds &stage, const RecipeTraining &training, int64_t length, const Shapes &model,
                    bool isAlignment) {
  const TrainOptions &options = training.options;
  int64_t validations = options.steps / options.validateEvery + 2;
  double heldOut = double(validations * training.heldOutRows) * double(training.domains.size() * length);
  stage.tokens = options.steps * options.batch * length;
  stage.operations =
      forwardOperations(model, length) * (double(stage.tokens) * timesForward(options, isAlignment) + heldOut);
}

/// Of a model that only answers: its logits, their logarithms, and what is made of those.
static int64_t answers(const Shapes &model, int64_t tokens) { return 3 * F32 * tokens * model.vocab; }

static int64_t targetBytes(const Recipe &recipe, const RecipeExpert &expert, const Shapes &model) {
  const TrainOptions &options = expert.training.options;
  int64_t rows = options.steps * options.batch, domains = int64_t(expert.training.domains.size());
  rows = expert.training.rows ? std::min(expert.training.rows * domains, rows) : rows;
  TargetFormat format;
  format.vocabulary = model.vocab;
  format.k = std::min(recipe.topK, model.vocab);
  return rows * recipe.length * format.tokenBytes();
}

double textBytes(const CorpusFiles &files) {
  double text = 0;
  for (const std::filesystem::path &file : files.paths) {
    std::error_code error;
    auto size = std::filesystem::file_size(file, error);
    bool isPlain = file.extension() == ".txt" || file.extension() == ".jsonl";
    text += error ? 0 : double(size) * (isPlain ? 1 : 4);
  }
  return text * files.part.size();
}

/// Of train and valid.
static double textBytes(const Recipe &recipe) {
  double text = 0;
  for (const RecipeDomain &domain : recipe.domains)
    text += textBytes(domain.trainFiles()) + textBytes(domain.valid);
  return text;
}

/// Tokens that are scored of every model.
static int64_t scoredTokens(const Recipe &recipe) {
  double tokens = 0;
  for (const EvalDomain &domain : recipe.eval.domains) {
    double all = textBytes(domain.files) / bytesOfToken;
    tokens += recipe.eval.tokens ? std::min(all, double(recipe.eval.tokens)) : all;
  }
  return int64_t(tokens);
}

/// Every stage that trains keeps some checkpoints: each parameter that is trained and its moments.
static int64_t checkpointBytes(const TrainOptions &options, int64_t trained) {
  return options.keptCheckpoints * trained * Checkpointed;
}

static HeldParams heldBy(const RecipeTraining &training, const std::string &studentModule, const std::string &origin) {
  const TrainOptions &options = training.options;
  const xlstm::Program program =
      deriveProgram(studentModule, origin, training.adapterPass() + "xlstm-build-distill", options.passes("distill"));
  return HeldParams::of(program.function("distill"), options.trained);
}

/// A stage that trains the student on rows of `length` tokens, perhaps with the teacher answering in the step.
static StageNeeds trainingNeeds(const Recipe &recipe, const std::string &name, const RecipeTraining &training,
                                const Shapes &model, const HeldParams &held, int64_t ranks, int64_t length,
                                bool isOnline) {
  const TrainOptions &options = training.options;
  StageNeeds train{name, stepsText(options)};
  if (options.trained != Trained::Full)
    train.what += ", " + oneDigit(double(held.trained) / 1e6) + " M trained parameters";
  train.stays = model.bytes;
  int64_t leftovers = checkpointBytes(options, held.trained) + held.trained * F32; // and best/
  (recipe.keepCheckpoints ? train.stays : train.passes) += leftovers;
  // Frozen ones; the trained, their gradients, two moments. At the end the weights are read once more.
  int64_t tokens = length * rowsAtOnce(options, ranks), working = expertActivations(model, options, tokens);
  int64_t teacher = 0;
  if (isOnline) { // as it is stored; it has answered before the student's step begins
    teacher = model.bytes;
    working = std::max(working, answers(model, tokens));
  }
  int64_t step = held.frozenBytes + held.trained * Training + working;
  if (isNarrow(options)) // gradients come as activations go
    step = held.frozenBytes + held.trained * Rounded +
           std::max(held.trained * Training, held.trained * Checkpointed + working);
  train.memory = ProgramBytes + teacher + std::max(step, model.elements * F32 + held.trained * F32);
  if (ranks > 1) { // nor is it in one piece at the end
    RankBytes rank = RankBytes::of(held, options, ranks);
    train.memory = ProgramBytes + teacher + held.frozenBytes + rank.stays + rank.underWay + working;
    train.sent = rank.sent;
  }
  addWork(train, training, length, model, false);
  if (isOnline)
    train.operations += double(train.tokens) * forwardOperations(model, length);
  return train;
}

static void addExpert(const Recipe &recipe, const RecipeExpert &expert, const Shapes &model, const HeldParams &held,
                      int64_t ranks, std::vector<StageNeeds> &stages) {
  const TrainOptions &options = expert.training.options;
  int64_t targets = recipe.onlineTargets ? 0 : targetBytes(recipe, expert, model);
  StageNeeds write{"targets-" + expert.name, "the teacher's answers"};
  (recipe.keepTargets ? write.stays : write.passes) = targets;
  TargetFormat format;
  format.setContext(recipe.length, model.context);
  write.memory = ProgramBytes + model.elements * F32 +
                 answers(model, std::max(TargetOptions::batchFor(model.vocab), format.context));
  write.tokens = options.steps * options.batch * recipe.length;
  write.operations = double(write.tokens) * forwardOperations(model, format.context);
  if (!recipe.onlineTargets)
    stages.push_back(write);
  stages.push_back(trainingNeeds(recipe, "expert-" + expert.name, expert.training, model, held, ranks, recipe.length,
                                 recipe.onlineTargets));
  if (!recipe.keepTargets)
    stages.back().passes += targets;
}

/// As a step of an expert whose teacher answers in it, behind what the student writes, a token of each row at a time.
static StageNeeds onPolicyNeeds(const Recipe &recipe, const Shapes &model, const HeldParams &held, int64_t ranks) {
  const RecipeOnPolicy &onPolicy = *recipe.onPolicy;
  if (int64_t length = onPolicy.write.length(); model.context > 0 && length > model.context)
    fail(recipe.teacher.string(), ": expected a context of the ", length,
         " tokens that 'on_policy.prompt' and 'on_policy.write' are together, found one of ", model.context);
  StageNeeds train = trainingNeeds(recipe, "on-policy", onPolicy.training, model, held, ranks, onPolicy.write.length(),
                                   /*isOnline=*/true);
  train.what += ", " + std::to_string(onPolicy.write.write) + " tokens written of each";
  train.operations += WritingTimes * double(train.tokens) * forwardOperations(model, onPolicy.write.length());
  return train;
}

std::vector<StageNeeds> estimateRun(const Recipe &recipe, int64_t ranks) {
  return estimateRun(recipe, moduleOfTeacher(recipe.teacher), recipe.teacher.string(), ranks);
}

std::vector<StageNeeds> estimateRun(const Recipe &recipe, const std::string &teacherModule, const std::string &origin,
                                    int64_t ranks) {
  Shapes teacher = shapesOf(teacherModule, origin);
  std::string studentModule =
      rewriteModule(teacherModule, origin, "xlstm-linearize{" + recipe.student.passOptions() + "}");
  Shapes student = shapesOf(studentModule, origin);
  int64_t weights = teacher.elements * F32;
  std::vector<StageNeeds> stages = {{"teacher", oneDigit(double(teacher.elements) / 1e6) + " M parameters",
                                     teacher.bytes, 0, ProgramBytes + weights}};
  if (recipe.check)
    stages.push_back({"check", "its other export", teacher.bytes, 0, ProgramBytes + weights});
  stages.push_back({"tokens", "of all text, about", int64_t(1.2 * textBytes(recipe)), 0, ProgramBytes});
  stages.back().tokens = int64_t(textBytes(recipe) / bytesOfToken);
  stages.back().bytes = tokenizingCost * textBytes(recipe);
  stages.push_back({"rewrite", "the untrained baseline", student.bytes, 0, ProgramBytes + 2 * weights});
  const TrainOptions &align = recipe.align.options;
  StageNeeds train{"align", stepsText(align) + ", " + oneDigit(double(student.added) / 1e6) + " M new parameters"};
  train.stays = student.bytes;
  (recipe.keepCheckpoints ? train.stays : train.passes) += checkpointBytes(align, student.added);
  std::string alignment = alignPass(recipe.student.passOptions(), {});
  const xlstm::Program alignProgram = deriveProgram(teacherModule, origin, alignment, align.passes("align"));
  HeldParams held = HeldParams::of(alignProgram.function("align"), Trained::Mixer);
  int64_t unread = (teacher.elements - held.frozen) * F32; // such as a head
  int64_t training = held.trained * Training;
  if (ranks > 1) {
    RankBytes rank = RankBytes::of(held, align, ranks);
    training = rank.stays + rank.underWay;
    train.sent = rank.sent;
  }
  int64_t working = alignActivations(student, align, recipe.length * rowsAtOnce(align, ranks));
  train.memory = ProgramBytes + std::max(weights, unread + held.frozenBytes + training + working);
  std::set<std::string> aligned;
  for (const RecipeExpert &expert : recipe.experts) {
    addWork(train, recipe.alignmentOf(expert), recipe.length, student, true);
    train.name = recipe.alignsEach ? "align-" + recipe.rootOf(expert).name : "align";
    if (aligned.insert(train.name).second)
      stages.push_back(train);
  }
  for (const RecipeExpert &expert : recipe.experts)
    addExpert(recipe, expert, student, heldBy(expert.training, studentModule, origin), ranks, stages);
  if (recipe.makesMergeBase())
    stages.push_back({"base", "the mean of the aligned students", student.bytes, 0, ProgramBytes + weights});
  std::optional<DType> written = recipe.merge.writtenType();
  int64_t merged = written ? student.elements * int64_t(sizeOf(*written)) : student.bytes;
  stages.push_back({"merge", "one student", merged, 0, ProgramBytes + weights});
  if (recipe.onPolicy)
    stages.push_back(onPolicyNeeds(recipe, student, heldBy(recipe.onPolicy->training, studentModule, origin), ranks));
  stages.push_back({"compile", "the executable", merged, 0, ProgramBytes + weights});
  int64_t tokens = std::max(recipe.eval.pieceTokens, EvaluatedLogits / student.vocab);
  stages.push_back(
      {"eval", "every model, one after the other", 0, 0, ProgramBytes + weights + answers(student, tokens)});
  stages.back().tokens = scoredTokens(recipe) * int64_t(recipe.experts.size() + (recipe.onPolicy ? 5 : 4));
  stages.back().operations = double(stages.back().tokens) * forwardOperations(student, recipe.eval.pieceTokens);
  for (StageNeeds &stage : stages) {
    if (stage.name != "tokens")
      stage.bytes += double(stage.stays);
    if (stage.sent > 0 || stage.name.starts_with("targets-") || stage.name == "eval") // each rank does a part
      stage.operations /= double(ranks);
  }
  return stages;
}

static std::string sizeText(int64_t bytes) {
  if (bytes < 1'000'000'000)
    return oneDigit(double(bytes) / 1e6) + " MB";
  return oneDigit(double(bytes) / 1e9) + " GB";
}

int64_t bytesAtFullest(const std::vector<StageNeeds> &stages) {
  int64_t left = 0, fullest = 0;
  for (const StageNeeds &stage : stages) {
    left += stage.stays;
    fullest = std::max(fullest, left + stage.passes);
  }
  return fullest;
}

/// "40 s", "3 min", "2.5 h", "11 days".
static std::string timeText(double seconds) {
  if (seconds < 100)
    return std::to_string(std::max(1, int(seconds))) + " s";
  if (seconds < 6000)
    return std::to_string(int(seconds / 60)) + " min";
  return seconds < 2e5 ? oneDigit(seconds / 3600) + " h" : oneDigit(seconds / 86400) + " days";
}

static std::string countText(int64_t count) {
  if (count == 0)
    return "-";
  return count < 1'000'000 ? std::to_string(std::max<int64_t>(1, count / 1000)) + " K"
                           : oneDigit(double(count) / 1e6) + " M";
}

std::string estimateText(const std::vector<StageNeeds> &stages, const MachineSpeed &speed) {
  bool isShared = std::ranges::any_of(stages, [](const StageNeeds &stage) { return stage.sent > 0; });
  std::ostringstream text;
  auto line = [&](const std::string &name, const std::vector<std::string> &columns, const std::string &what) {
    text << std::left << std::setw(18) << name << std::right;
    for (const std::string &column : columns)
      text << std::setw(11) << column;
    text << "  " << what << '\n';
  };
  std::vector<std::string> columns = {"tokens", "time", "leaves", "meanwhile", "memory"};
  if (isShared)
    columns.push_back("sent/step");
  line("stage", columns, "");
  int64_t left = 0, memory = 0;
  double all = 0;
  for (const StageNeeds &stage : stages) {
    double seconds = stage.operations / speed.operations + stage.bytes / speed.bytes;
    columns = {countText(stage.tokens), speed.operations > 0 ? timeText(seconds) : "-", sizeText(stage.stays),
               sizeText(stage.passes), sizeText(stage.memory)};
    if (isShared)
      columns.push_back(stage.sent ? sizeText(stage.sent) : "-");
    line(stage.name, columns, stage.what);
    left += stage.stays;
    memory = std::max(memory, stage.memory);
    all += seconds;
  }
  text << "disk: " << sizeText(bytesAtFullest(stages)) << " at the fullest, " << sizeText(left)
       << " at the end; memory: about " << sizeText(memory) << (isShared ? " a rank" : "") << "; time: "
       << (speed.operations > 0 ? "about " + timeText(all) + " here, without tasks" : "unknown, no such device here")
       << '\n';
  return text.str();
}

} // namespace xlstm
