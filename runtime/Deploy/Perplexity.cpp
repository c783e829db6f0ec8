//===- Perplexity.cpp - the verb perplexity: how well a text is foretold ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Divergence.h"
#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cmath>

namespace xlstm {

namespace {

struct PerplexitySettings {
  std::string file, targets;
  int64_t context = 512, most = 0;
};

/// Scores texts as they come, each cut into pieces that are read by themselves.
class Scorer {
public:
  Scorer(const PerplexitySettings &settings, CarriedModel &model, Backend &backend)
      : settings(settings), vocab(backend.numbers().vocab), endTokens(model.endTokens),
        tokenizer(model.makeTokenizer()) {
    if (!settings.targets.empty())
      teacher.emplace(settings.targets, vocab, model.tokenizerHash());
    session = backend.makeSession(weightsFor(model, backend));
  }

  /// The file as one text; with a teacher's targets as the documents that it was asked about.
  void scoreFile();
  std::string report() const;

private:
  /// False once enough tokens were read.
  bool score(std::vector<int32_t> ids, const std::string &origin);
  void scorePiece(std::span<const int32_t> ids, size_t begin, size_t end, const std::string &origin);

  const PerplexitySettings &settings;
  const int64_t vocab;
  const std::vector<int32_t> endTokens;
  const Tokenizer tokenizer;
  std::optional<TeacherTargets> teacher;
  std::unique_ptr<Session> session;
  double loss = 0, bytes = 0;
  size_t read = 0, scored = 0;
};

} // namespace

void Scorer::scorePiece(std::span<const int32_t> ids, size_t begin, size_t end, const std::string &origin) {
  if (teacher)
    teacher->load(ids, static_cast<int64_t>(begin), static_cast<int64_t>(end - begin) - 1, origin);
  session->reset();
  for (size_t i = begin; i + 1 < end; ++i) {
    const std::span<const float> logits = session->readOne(ids[i]);
    const double all = logOfSum(logits);
    loss += all - static_cast<double>(logits[static_cast<size_t>(ids[i + 1])]);
    if (teacher)
      teacher->compare(logits, all, static_cast<int64_t>(i - begin));
  }
  scored += end - begin - 1;
  bytes += static_cast<double>(tokenizer.decode(ids.subspan(begin + 1, end - begin - 1), true).size());
}

bool Scorer::score(std::vector<int32_t> ids, const std::string &origin) {
  checkTokens(ids, vocab, tokenizer, origin);
  size_t end = ids.size();
  if (settings.most)
    end = std::min(end, static_cast<size_t>(settings.most) - read);
  const auto context = static_cast<size_t>(settings.context);
  for (size_t begin = 0; begin + 1 < end; begin += context)
    scorePiece(ids, begin, std::min(begin + context, end), origin);
  read += end;
  return !settings.most || read < static_cast<size_t>(settings.most);
}

void Scorer::scoreFile() {
  if (!teacher) {
    score(encodeText(tokenizer, readGivenFile(settings.file)), settings.file);
  } else {
    forEachDocument(findCorpus(settings.file), [&](const Document &document) {
      if (!document.chat.empty())
        fail(document.origin, ": expected a text or tokens, found a conversation");
      return score(document.ids.empty() ? encodeDocument(tokenizer, endTokens, document.text) : document.ids,
                   document.origin);
    });
  }
  if (scored == 0)
    fail(settings.file, ": expected a text of two tokens or more, found ", read);
}

std::string Scorer::report() const {
  char line[160];
  std::snprintf(line, sizeof line, "tokens %zu\nperplexity %.4f\nbits per byte %.4f\n", scored,
                std::exp(loss / static_cast<double>(scored)), loss / std::log(2.0) / std::max(bytes, 1.0));
  return line + (teacher ? teacher->report() : "");
}

static void measure(const PerplexitySettings &settings, Backend &backend) {
  const ModelNumbers numbers = backend.numbers();
  checkOneText(numbers);
  CarriedModel model = CarriedModel::openToRun(numbers);
  Scorer scorer(settings, model, backend);
  model.waitForWeights();
  scorer.scoreFile();
  writeOut(scorer.report());
}

void addPerplexity(CLI::App &app, Backend &backend) {
  auto settings = std::make_shared<PerplexitySettings>();
  CLI::App *verb = app.add_subcommand("perplexity", "Measure how well the model foretells a text");
  verb->add_option("file", settings->file, "File with the text")->required()->type_name("FILE");
  verb->add_option("-c,--context", settings->context,
                   "The text is cut into pieces of so many tokens, each read by itself; its first token is not scored")
      ->check(within(int64_t{2}, int64_t{1} << 30))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--tokens", settings->most, "Read no more tokens of the text than these; 0: all")
      ->check(within(int64_t{0}, int64_t{1} << 40))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--targets", settings->targets,
                   "Store of a teacher's answers to this text (xlstm targets make): also say how far this model is from "
                   "it. The file is then read as a corpus, document by document")
      ->type_name("FOLDER");
  addThreads(*verb, backend);
  verb->callback([settings, &backend] { measure(*settings, backend); });
}

} // namespace xlstm
