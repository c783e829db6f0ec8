//===- RecipeWriter.cpp - xlstm recipe: a recipe for a teacher and data ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Estimate.h"
#include "Models.h"
#include "WrittenDomains.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Number.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <sstream>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

constexpr double bytesOfToken = 3.4; // of text

struct WriterSettings {
  fs::path teacher;
  std::vector<std::string> data, valid, test;
  std::vector<fs::path> tasks;
  int64_t tokens = 0;
  std::string device;
};

/// What a stage trains with, by the teacher's size and the text that there is.
struct Sizes {
  int64_t length, window, steps, batch, microBatch, heldOut;
  double rate;
};

/// The paper trains 8B parameters at 1e-5. Smaller models take more, about as the root of their size: 28M of them did
/// best at 2e-4 (docs/results).
double rateFor(int64_t parameters) {
  double rate = 1e-5 * std::sqrt(8e9 / double(parameters));
  return std::clamp(rate, 1e-5, 3e-4);
}

Sizes sizesFor(const ModelDescription &model, const WriterSettings &settings,
               const std::vector<WrittenDomain> &domains) {
  double bytes = 0;
  for (const WrittenDomain &domain : domains)
    bytes += textBytes(domain.files);
  bool isCuda = settings.device == "cuda";
  int64_t there = std::max<int64_t>(1, int64_t(bytes / bytesOfToken)), most = isCuda ? 65'000'000 : 1'000'000;
  int64_t wanted = settings.tokens ? settings.tokens : std::min(2 * there, most);
  Sizes sizes;
  int64_t context = model.contextLength > 0 ? model.contextLength : 2048;
  sizes.length = std::min<int64_t>(isCuda ? 1024 : 512, context);
  while (sizes.length > 64 && sizes.length * 16 > there) // else no row for every domain
    sizes.length /= 2;
  sizes.window = std::max<int64_t>(4, std::min<int64_t>(512, sizes.length / 4));
  sizes.batch = isCuda ? 32 : 8;
  sizes.microBatch = isCuda ? 0 : 1;
  sizes.steps = std::clamp<int64_t>(wanted / (sizes.batch * sizes.length), 20, 1'000'000);
  sizes.heldOut = 16;
  sizes.rate = rateFor(model.parameters);
  return sizes;
}

/// `text` with the value of each name between two @.
std::string filled(std::string text, const std::map<std::string, std::string> &values) {
  for (const auto &[name, value] : values)
    for (size_t at; (at = text.find('@' + name + '@')) != text.npos;)
      text.replace(at, name.size() + 2, value);
  return text;
}

/// "1.2" of 1,234,000.
std::string millions(int64_t count) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << double(count) / 1e6;
  return text.str();
}

/// "2e-05", "0.0003": more digits would promise too much.
std::string oneDigit(double value) {
  std::ostringstream text;
  text << std::setprecision(1) << value;
  return text.str();
}

const char *headText = R"(# A recipe for xlstm distill, by xlstm recipe. docs/Recipe.md has every key and its default.
# The teacher: @layers@ layers, @parameters@ M parameters, a context of @context@ tokens.
#   xlstm distill THIS.yaml --dry-run    checks it; says what tokens, time, disk and memory each stage takes
#   xlstm distill THIS.yaml -o RUN       may be stopped and started again at any time

teacher: @teacher@
seed: 0                  # of the order of training rows
length: @length@              # tokens of a training row, at most the teacher's context; longer rows take more memory

student:
  mixer: hybrid          # a window of softmax attention and a matrix memory (mLSTM), mixed by a gate
  window: @window@            # keys that attention still sees: smaller is faster and asks more of the memory
  sinks: 4               # first keys that stay visible
  # keep_heads: 3%       # heads that stay attention, for facts that stand far back (docs/Heads.md); a domain
  #                      # of `xlstm facts`, about a fifth of the rows, teaches the student to look for them

# Text to train on, to choose checkpoints by, and to report on. No document may be in two of them.
# A path is a file, a folder or a pattern: .txt, .jsonl ("text" or "messages"), also .gz, .xz, .zst. 2% is a share of the
# documents under 'train', held out by their content: the same ones in every run.
domains:
)";

const char *stagesText =
    R"(# Stage I: each new mixer learns to answer as the attention that it replaces. Only what is new trains.
align:
  steps: @alignSteps@             # @alignTokens@ M tokens; the paper takes 655 M
  batch: @batch@               # rows a step
  micro_batch: @microBatch@         # rows at once, 0 for all: less memory, the same result
  learning_rate: 1e-2    # the paper's; falls as a cosine to final_learning_rate
  final_learning_rate: 1e-5
  warmup: @alignWarmup@
  validate_every: @interval@
  checkpoint_every: @interval@
  held_out_rows: @heldOut@      # of each domain's 'valid'
  # recompute: true      # a third more time for much less memory

# Stage II: the whole student learns from the text and from the teacher's likeliest tokens.
distill:
  steps: @distillSteps@             # @distillTokens@ M tokens
  batch: @batch@
  micro_batch: @microBatch@
  learning_rate: @rate@   # by size: the paper's 1e-5 at 8 B parameters, more for fewer
  schedule: constant     # with it, a run of more steps goes on from a checkpoint (keep.checkpoints)
  warmup: @distillWarmup@
  ce_weight: 0.3         # of the text's next token; 0 where the student is to say what the teacher does, and no more
  kl_weight: 0.7         # of the teacher's distribution; the paper's 0.9 and 0.1 keep less of it (docs/results/evidence.md)
  kl_mode: tail          # all other tokens as one, instead of left out
  top_k: 64              # of its tokens kept behind each token; the paper's 256 take four times the disk
  train: full            # or mixer (only what is new), or lora: both take far less memory
  validate_every: @interval@
  checkpoint_every: @interval@
  held_out_rows: @heldOut@
  # patience: 5          # stop where so many validations brought nothing
  # spike: 3             # stop where a loss jumps; xlstm replay RUN then shows the batch

)";

std::string expertsText(const std::vector<WrittenDomain> &domains) {
  std::string text =
      "# One expert a domain, each with some of the others' text, merged into one student at the end.\nexperts:\n";
  for (const WrittenDomain &domain : domains) {
    text += "  " + domain.name + ": {domains: {" + domain.name + ": 0.7";
    for (const WrittenDomain &other : domains)
      if (&other != &domain)
        text += ", " + other.name + ": " + shortest(std::round(300 / double(domains.size() - 1)) / 1000);
    text += "}}\n";
  }
  return text + R"(merge:
  method: linear         # or task_arithmetic, ties, dare_linear, dare_ties (docs/Merging.md)
  weights: uniform
  # tune: loss           # shares by the loss on 'valid'

)";
}

const char *onPolicyText =
    R"(# At the end, perhaps, on the student's own text: it goes on from beginnings of rows, and learns what the teacher says of
# that. For tasks in which it generates; the teacher has to fit into memory beside it, and writing takes its time.
# on_policy:
#   steps: @onPolicySteps@
#   batch: @batch@             # texts a step
#   prompt: @prompt@            # most tokens of a beginning
#   write: @write@            # most tokens behind it
#   temperature: 1       # of drawing them
#   every: 1             # steps that it writes for at once: faster, and the text is that of an older student
#   learning_rate: @rate@
#   validate_every: @onPolicyInterval@
#   checkpoint_every: @onPolicyInterval@

)";

const char *restText = R"(eval:
  tokens: 65536          # scored of each domain and model; 0: all
  @tasks@
  # speed: [0, 1024, 8192]   # tokens a second of both executables behind so many, in the report

compile:
  cpu: x86-64-v3         # least CPU that runs the executable; native: this one

keep:
  checkpoints: false     # a number keeps so many, from which more steps go on
  targets: true          # the teacher's answers stay; false: until their expert is finished
  # target_store: FOLDER # shared by runs of this teacher
  # token_cache: FOLDER  # corpora in tokens, shared by runs
)";

std::string tasksText(const std::vector<fs::path> &files) {
  std::string tasks;
  for (const fs::path &task : files)
    tasks += (tasks.empty() ? "" : ", ") + quotedPath(task);
  return tasks.empty() ? "# tasks: [FILES]       # questions with answers (docs/Tasks.md)" : "tasks: [" + tasks + "]";
}

std::string recipeText(const WriterSettings &settings) {
  std::vector<WrittenDomain> domains = writtenDomains(settings.data, settings.valid, settings.test);
  ModelDescription model = describeModel(moduleOfTeacher(settings.teacher), settings.teacher.string());
  Sizes sizes = sizesFor(model, settings, domains);
  chooseShares(domains, uint64_t(double(sizes.heldOut * sizes.length) * bytesOfToken));
  auto number = [](int64_t value) { return std::to_string(value); };
  std::map<std::string, std::string> values = {{"layers", number(int64_t(model.layers.size()))},
                                               {"parameters", millions(model.parameters)},
                                               {"context", number(model.contextLength)},
                                               {"teacher", quotedPath(settings.teacher)},
                                               {"length", number(sizes.length)},
                                               {"window", number(sizes.window)},
                                               {"batch", number(sizes.batch)},
                                               {"microBatch", number(sizes.microBatch)},
                                               {"alignSteps", number(sizes.steps)},
                                               {"alignTokens", millions(sizes.steps * sizes.batch * sizes.length)},
                                               {"alignWarmup", number(std::max<int64_t>(1, sizes.steps / 20))},
                                               {"distillSteps", number(sizes.steps)},
                                               {"distillTokens", millions(sizes.steps * sizes.batch * sizes.length)},
                                               {"distillWarmup", number(std::max<int64_t>(1, sizes.steps / 20))},
                                               {"interval", number(std::max<int64_t>(10, sizes.steps / 10))},
                                               {"heldOut", number(sizes.heldOut)},
                                               {"rate", oneDigit(sizes.rate)},
                                               {"onPolicySteps", number(std::max<int64_t>(10, sizes.steps / 4))},
                                               {"onPolicyInterval", number(std::max<int64_t>(10, sizes.steps / 20))},
                                               {"prompt", number(std::min<int64_t>(64, sizes.length / 4))},
                                               {"write", number(std::min<int64_t>(192, sizes.length * 3 / 4))},
                                               {"tasks", tasksText(settings.tasks)}};
  return filled(headText, values) + domainsText(domains) + filled(stagesText, values) +
         (domains.size() > 1 ? expertsText(domains) : "") + filled(onPolicyText, values) + filled(restText, values);
}

} // namespace

void addRecipeCommand(CLI::App &app) {
  auto settings = std::make_shared<WriterSettings>();
  CLI::App *verb = app.add_subcommand("recipe", "Write a complete recipe with comments for a teacher and text");
  verb->add_option("teacher", settings->teacher, "Hugging Face folder, .onnx or .gguf file, or bundle")->required();
  verb->add_option("--data", settings->data,
                   "Text to train on, as FILES or DOMAIN=FILES (docs/Recipe.md, Corpora); repeatable")
      ->required();
  verb->add_option("--valid", settings->valid,
                   "Text to choose by, of the same domains, or a share of each domain's documents, such as 2%; "
                   "repeatable; default: a share, and as much for --test");
  verb->add_option("--test", settings->test, "The same of the reported score");
  verb->add_option("--task", settings->tasks, "Task file (docs/Tasks.md); repeatable");
  verb->add_option("--tokens", settings->tokens,
                   "Tokens that each stage trains on; default: the text twice, at most 1 M, or 65 M with cuda")
      ->check(countWithin("tokens"));
  addDeviceOption(*verb, settings->device);
  verb->callback([settings] { writeOut(recipeText(*settings)); });
}

} // namespace xlstm
