//===- Perplexity.cpp - the verb perplexity: how well a text is foretold ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cmath>

namespace xlstm {

namespace {

struct PerplexitySettings {
  std::string file;
  int64_t context = 512, most = 0;
};

} // namespace

/// -log p of a token, in nats.
static double lossOf(std::span<const float> logits, int32_t token) {
  const double top = *std::ranges::max_element(logits);
  double total = 0;
  for (float logit : logits)
    total += std::exp(static_cast<double>(logit) - top);
  return top + std::log(total) - static_cast<double>(logits[static_cast<size_t>(token)]);
}

/// The loss of a piece's tokens but its first, each read after those before it.
static double lossOf(Session &session, std::span<const int32_t> piece) {
  double loss = 0;
  session.reset();
  for (size_t i = 0; i + 1 < piece.size(); ++i)
    loss += lossOf(session.readOne(piece[i]), piece[i + 1]);
  return loss;
}

static void measure(const PerplexitySettings &settings, Backend &backend) {
  const ModelNumbers numbers = backend.numbers();
  checkOneText(numbers);
  CarriedModel model = CarriedModel::openToRun(numbers);
  const Tokenizer tokenizer = model.makeTokenizer();
  const std::string text = readGivenFile(settings.file);
  std::vector<int32_t> ids = encodeText(tokenizer, text);
  checkTokens(ids, numbers.vocab, tokenizer, settings.file);
  if (settings.most && static_cast<int64_t>(ids.size()) > settings.most)
    ids.resize(static_cast<size_t>(settings.most));
  if (ids.size() < 2)
    fail(settings.file, ": expected a text of two tokens or more, found ", ids.size());
  std::unique_ptr<Session> session = backend.makeSession(weightsFor(model, backend));
  model.waitForWeights();
  double loss = 0, bytes = 0;
  size_t scored = 0;
  const auto context = static_cast<size_t>(settings.context);
  for (std::span<const int32_t> rest(ids); rest.size() > 1;) {
    std::span<const int32_t> piece = rest.first(std::min(context, rest.size()));
    loss += lossOf(*session, piece);
    scored += piece.size() - 1;
    bytes += static_cast<double>(tokenizer.decode(piece.subspan(1), true).size());
    rest = rest.subspan(piece.size());
  }
  char line[160];
  std::snprintf(line, sizeof line, "tokens %zu\nperplexity %.4f\nbits per byte %.4f\n", scored,
                std::exp(loss / static_cast<double>(scored)), loss / std::log(2.0) / std::max(bytes, 1.0));
  writeOut(line);
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
  addThreads(*verb, backend);
  verb->callback([settings, &backend] { measure(*settings, backend); });
}

} // namespace xlstm
