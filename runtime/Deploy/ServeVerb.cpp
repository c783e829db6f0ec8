//===- ServeVerb.cpp - the verb serve: the model for many clients -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Serve/Serve.h"

namespace xlstm {

static void serveCarried(const ServeOptions &options, Backend &backend) {
  const ModelNumbers numbers = backend.numbers();
  checkOneText(numbers);
  CarriedModel model = CarriedModel::openToRun(numbers);
  std::optional<Tokenizer> tokenizer;
  if (model.hasTokenizer())
    tokenizer = model.makeTokenizer();
  const char *weights = weightsFor(model, backend);
  model.waitForWeights();
  serveModel(options, {model.name, numbers.vocab, numbers.cacheTokens, model.endTokens,
                       tokenizer ? &*tokenizer : nullptr, model.chat(), model.identity(),
                       [&] { return backend.makeSession(weights); }, backend.mostSessions(), numbers.pieceTokens});
}

void addServe(CLI::App &app, Backend &backend) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App *verb = app.add_subcommand("serve", "Answer over HTTP, as OpenAI's API and llama-server do");
  addServeOptions(*verb, *options);
  addThreads(*verb, backend);
  verb->callback([options, &backend] { serveCarried(*options, backend); });
}

} // namespace xlstm
