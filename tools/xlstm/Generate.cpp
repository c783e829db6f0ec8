//===- Generate.cpp - xlstm generate: continue a text, answer a message ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

#include "xlstm/Runtime/Eval/Generate.h"
#include "xlstm/Runtime/Eval/Vocabulary.h"
#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Text/ChatTemplate.h"
#include "xlstm/Support/Error.h"

#include <c10/core/GradMode.h>
#include <iostream>
#include <random>

namespace xlstm {

namespace {

struct GenerateSettings {
  std::filesystem::path bundle;
  std::optional<std::string> prompt, message, system;
  int64_t tokens = 128;
  int64_t seed = -1; // -1: another one each time
  SamplerOptions sampler = {0.8, 40, 0.95, 0};
  bool ids = false;
};

} // namespace

/// The conversation as the model's chat template writes it.
static std::string renderChat(const GenerateSettings &settings) {
  std::optional<ChatFiles> files = findChatTemplate(settings.bundle);
  if (!files)
    fail(settings.bundle.string(), ": expected a chat template (chat_template.jinja, or chat_template in "
                                   "tokenizer_config.json), found none; -p continues a text without one");
  Json messages = Json::array();
  if (settings.system)
    messages.push_back({{"role", "system"}, {"content", *settings.system}});
  messages.push_back({{"role", "user"}, {"content", *settings.message}});
  ChatOptions options;
  options.specialTokens = files->specialTokens;
  return ChatTemplate::parse(files->text, files->origin).render(messages, options);
}

static TokenIds encodePrompt(const GenerateSettings &settings, const Vocabulary &vocabulary, int64_t vocab) {
  TokenIds ids = settings.message ? vocabulary.tokenizer->encode(renderChat(settings), /*addSpecial=*/false)
                                  : vocabulary.encodePrompt(*settings.prompt);
  if (ids.empty())
    fail("the prompt is empty");
  for (int32_t id : ids)
    if (id < 0 || id >= vocab)
      fail("the tokenizer gave token ", id, ", the model has ", vocab);
  return ids;
}

static void writeOut(const std::string &text) {
  if (!(std::cout << text << std::flush))
    fail("standard output: cannot write");
}

/// Tokens as they come: text, or their ids with spaces between.
static void writeTokens(const Program &program, const RunnableModel &model, const Vocabulary &vocabulary,
                        const TokenIds &prompt, const GenerateSettings &settings, int64_t most) {
  Sampler sampler(settings.sampler);
  StreamDecoder decoder(*vocabulary.tokenizer, /*skipSpecial=*/true);
  int64_t count = 0;
  if (most > 0)
    generateSampled(program, model.params, prompt, sampler, [&](int32_t id) {
      if (vocabulary.isEnd(id))
        return false;
      writeOut(settings.ids ? (count ? " " : "") + std::to_string(id) : decoder.next(id));
      return ++count < most;
    });
  writeOut((settings.ids ? "" : decoder.finish()) + "\n");
}

static void generate(GenerateSettings &settings) {
  c10::NoGradGuard noGrad;
  settings.sampler.seed = settings.seed < 0 ? std::random_device()() : static_cast<uint64_t>(settings.seed);
  RunnableModel model = RunnableModel::open(settings.bundle);
  Vocabulary vocabulary = Vocabulary::load(settings.bundle);
  TokenIds prompt = encodePrompt(settings, vocabulary, model.spec().results.at(0).shape.at(2));
  // A teacher was made for so many tokens; a student goes on as long as one likes.
  int64_t read = static_cast<int64_t>(prompt.size()), most = settings.tokens, context = model.spec().contextLength;
  if (model.bundle.kind == "teacher" && context > 0) {
    if (read > context)
      fail("the prompt has ", read, " tokens, the model has room for ", context);
    most = std::min(most, context - read + 1); // the last is written and not read
  }
  std::string keys = "context=" + std::to_string(read + most);
  Program program = model.derive("xlstm-build-prefill{" + keys + " logits=last},xlstm-build-decode{" + keys + "}");
  writeTokens(program, model, vocabulary, prompt, settings, most);
}

static void addSamplerOptions(CLI::App &verb, GenerateSettings &settings) {
  verb.add_option("--temperature", settings.sampler.temperature, "0: always the likeliest token")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  verb.add_option("--top-k", settings.sampler.topK, "Draw from the K likeliest tokens; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--top-p", settings.sampler.topP,
                  "Draw from the likeliest tokens that together have this probability")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb.add_option("--seed", settings.seed, "Same seed, same text; -1: another one each time")
      ->check(CLI::Range(int64_t{-1}, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
}

void addGenerateCommand(CLI::App &app) {
  auto settings = std::make_shared<GenerateSettings>();
  CLI::App *verb = app.add_subcommand("generate", "Continue a text, or answer a message, through the evaluator");
  verb->add_option("bundle", settings->bundle, "Bundle of a teacher or a student")->required();
  CLI::Option_group *input = verb->add_option_group("input");
  input->add_option("-p,--prompt", settings->prompt, "Text to continue");
  CLI::Option *chat = input->add_option("--chat", settings->message, "Message to answer, put into the chat template");
  input->require_option(1);
  verb->add_option("--system", settings->system, "System message before it")->needs(chat);
  verb->add_option("-n,--tokens", settings->tokens, "Tokens to write at most")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 24))
      ->capture_default_str();
  addSamplerOptions(*verb, *settings);
  verb->add_flag("--ids", settings->ids, "Write token ids in place of text");
  verb->callback([settings] { generate(*settings); });
}

} // namespace xlstm
