//===- Generate.cpp - without a verb: continue a text, or chat ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Files/PlainText.h"
#include "xlstm/Runtime/Text/ChatTemplate.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Runtime/Text/Sampler.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <iostream>
#include <random>
#include <unistd.h>

namespace xlstm {

namespace {

struct GenerateSettings {
  std::optional<std::string> prompt, file, chat, system;
  std::vector<int32_t> promptIds;
  bool ids = false;
  int64_t most = 128; // -1: until the model ends the text
  int64_t seed = -1;  // -1: another one each time
  SamplerOptions sampler = {0.8, 40, 0.95, 0};
};

/// Continues texts, one turn after the other, in one session->
class Writer {
public:
  Writer(CarriedModel &model, Backend &backend, const GenerateSettings &settings)
      : model(model), numbers(backend.numbers()), session(backend.makeSession(model.weights())),
        sampler(settings.sampler), most(settings.most), writesIds(settings.ids) {
    if (settings.promptIds.empty() || !settings.ids) // ids need none
      tokenizer = model.makeTokenizer();
  }

  /// Reads `text` behind what was read and written before, and writes its continuation.
  void continueText(std::string_view text);
  /// Reads a conversation whose last message is the user's, and returns the answer that it writes.
  std::string answer(const std::string &conversation);
  /// Reads tokens and writes their continuation; returns it.
  std::string continueIds(std::span<const int32_t> encoded);

private:
  std::vector<int32_t> checked(std::vector<int32_t> ids) const {
    checkTokens(ids, numbers.vocab, *tokenizer, "the prompt");
    return ids;
  }
  bool isEnd(int32_t id) const { return std::ranges::count(model.endTokens, id) != 0; }

  CarriedModel &model;
  ModelNumbers numbers;
  std::optional<Tokenizer> tokenizer;
  std::unique_ptr<Session> session;
  Sampler sampler;
  int64_t most;
  bool writesIds;
  std::vector<int32_t> history; // what the session has read
};

} // namespace

std::string Writer::continueIds(std::span<const int32_t> encoded) {
  std::vector<int64_t> ids(encoded.begin(), encoded.end());
  if (ids.empty())
    fail("the prompt is empty");
  if (static_cast<int64_t>(ids.size()) > session->room())
    fail("the prompt has ", ids.size(), " tokens, the model has room for ", session->room());
  std::span<float> logits = session->read(ids);
  model.waitForWeights();
  history.insert(history.end(), encoded.begin(), encoded.end());
  std::optional<StreamDecoder> decoder;
  if (tokenizer)
    decoder.emplace(*tokenizer, /*skipSpecial=*/true);
  std::string written;
  auto write = [&](const std::string &text) {
    if (!writesIds)
      writeModelText(text);
    written += text;
  };
  for (int64_t n = 0; n != most; ++n) {
    int32_t id = sampler.sample(logits);
    if (isEnd(id))
      break;
    write(decoder ? decoder->next(id) : "");
    if (writesIds)
      writeOut((n ? " " : "") + std::to_string(id));
    if (session->room() == 0)
      break;
    logits = session->readOne(id);
    history.push_back(id);
  }
  if (decoder)
    write(decoder->finish());
  writeOut("\n");
  return written;
}

void Writer::continueText(std::string_view text) {
  continueIds(checked(session->position() == 0 ? encodeText(*tokenizer, text) : tokenizer->encode(text, false)));
}

std::string Writer::answer(const std::string &conversation) {
  // The template writes the bos. What was read before is kept where the conversation goes on from it.
  std::vector<int32_t> ids = checked(tokenizer->encode(conversation, /*addSpecial=*/false));
  if (history.size() >= ids.size() || !std::equal(history.begin(), history.end(), ids.begin())) {
    session->reset();
    history.clear();
  }
  return continueIds(std::span(ids).subspan(history.size()));
}

/// Answers one message, or those that standard input has, a line each.
static void chat(const CarriedModel &model, Writer &writer, const GenerateSettings &settings) {
  if (model.chatTemplate.empty())
    fail("this model has no chat template; -p continues a text without one");
  ChatTemplate chatTemplate = ChatTemplate::parse(model.chatTemplate, "chat template of the executable");
  ChatOptions options;
  options.specialTokens = model.chatTokens;
  Json messages = Json::array();
  if (settings.system)
    messages.push_back({{"role", "system"}, {"content", *settings.system}});
  auto say = [&](const std::string &message) {
    messages.push_back({{"role", "user"}, {"content", message}});
    std::string answer = writer.answer(chatTemplate.render(messages, options));
    messages.push_back({{"role", "assistant"}, {"content", answer}});
  };
  if (!settings.chat->empty())
    return say(*settings.chat);
  bool asks = isatty(STDIN_FILENO);
  std::string line;
  while (writeOut(asks ? "> " : ""), std::getline(std::cin, line))
    if (line = plainText(line + "\n", "standard input"); line != "\n")
      say(line.substr(0, line.size() - 1));
}

static void converse(Writer &writer) {
  std::string line;
  for (writeOut("> "); std::getline(std::cin, line); writeOut("> "))
    if (!line.empty())
      writer.continueText(line + "\n");
  writeOut("\n");
}

static void generate(GenerateSettings &settings, Backend &backend) {
  settings.sampler.seed = settings.seed < 0 ? std::random_device()() : static_cast<uint64_t>(settings.seed);
  checkOneText(backend.numbers());
  CarriedModel model = CarriedModel::open(backend.numbers());
  Writer writer(model, backend, settings);
  if (settings.chat)
    return chat(model, writer, settings);
  if (!settings.promptIds.empty()) {
    writer.continueIds(settings.promptIds);
    return;
  }
  if (settings.prompt)
    return writer.continueText(*settings.prompt);
  if (settings.file)
    return writer.continueText(plainText(readGivenFile(*settings.file), *settings.file));
  if (isatty(STDIN_FILENO))
    return converse(writer);
  writer.continueText(plainText(std::string(std::istreambuf_iterator<char>(std::cin), {}), "standard input"));
}

void addGenerate(CLI::App &app, Backend &backend) {
  auto settings = std::make_shared<GenerateSettings>();
  CLI::Option *prompt = app.add_option("-p,--prompt", settings->prompt, "Text to continue; default: standard input");
  CLI::Option *file = app.add_option("-f,--file", settings->file, "File with the text to continue")->excludes(prompt);
  CLI::Option *chat = app.add_option("--chat", settings->chat, "Message to answer; without one, standard input's lines")
                          ->expected(0, 1)
                          ->excludes(prompt);
  app.add_option("--prompt-ids", settings->promptIds, "Token ids to continue, such as 1,22,333")
      ->delimiter(',')
      ->check(within(int64_t{0}, backend.numbers().vocab - 1))
      ->type_name("ID,...")
      ->excludes(prompt, file, chat);
  app.add_flag("--ids", settings->ids, "Write token ids in place of text");
  app.add_option("--system", settings->system, "System message of the chat")->needs(chat);
  app.add_option("-n,--n-predict", settings->most, "Tokens to write at most; -1: until the model ends the text")
      ->check(within(int64_t{-1}, int64_t{1} << 30))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--temp", settings->sampler.temperature, "Temperature; 0: always the likeliest token")
      ->check(within(0.0, 100.0))
      ->type_name("T")
      ->capture_default_str();
  app.add_option("--top-k", settings->sampler.topK, "Draw from the K likeliest tokens; 0: all")
      ->check(within(0, std::numeric_limits<int32_t>::max()))
      ->type_name("K")
      ->capture_default_str();
  app.add_option("--top-p", settings->sampler.topP,
                 "Draw from the likeliest tokens that together have this probability")
      ->check(within(0.0, 1.0))
      ->type_name("P")
      ->capture_default_str();
  app.add_option("-s,--seed", settings->seed, "Same seed, same text; -1: another one each time")
      ->check(within(int64_t{-1}, std::numeric_limits<int64_t>::max()))
      ->type_name("N")
      ->capture_default_str();
  app.callback([&app, &backend, settings] {
    if (app.get_subcommands().empty())
      generate(*settings, backend);
  });
}

} // namespace xlstm
