//===- Conversation.cpp - messages and their answers ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Chat/Conversation.h"
#include "runtime/Chat/Interrupt.h"
#include "runtime/Chat/LineReader.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/PlainText.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <cstdio>
#include <unistd.h>

namespace xlstm {

/// The tools of a conversation, as templates of Hugging Face models take them.
static Json readTools(const std::string &path) {
  Json tools = parseJson(readGivenFile(path), path);
  if (!tools.is_array())
    fail(path, ": expected a list of tools, found ", tools.type_name());
  for (size_t n = 0; n < tools.size(); ++n)
    if (!tools[n].is_object())
      fail(path, ": tool ", n, ": expected an object, found ", tools[n].type_name());
  if (tools.empty())
    fail(path, ": expected a list of tools, found an empty one");
  return tools;
}

static ChatTemplate parseTemplate(const ChatFiles &files, bool hasTools) {
  return ChatTemplate::parse(files.textFor(hasTools), files.origin);
}

Conversation::Conversation(Writer &writer, const TextOptions &options)
    : writer(writer), options(options),
      chatTemplate(parseTemplate(writer.textModel().chatTemplate(), options.tools.has_value())) {
  variables.specialTokens = writer.textModel().chatTemplate().specialTokens;
  if (options.tools)
    variables.variables["tools"] = readTools(*options.tools);
  reset();
  if (std::string saved = writer.textModel().savedConversation(); !saved.empty())
    messages = parseJson(saved, "the saved conversation");
}

void Conversation::reset() {
  messages = Json::array();
  if (options.system)
    messages.push_back({{"role", "system"}, {"content", *options.system}});
}

Writer::End Conversation::answer(const std::string &message) {
  messages.push_back({{"role", "user"}, {"content", message}});
  try {
    // The template writes the bos.
    std::string prompt = chatTemplate.render(messages, variables);
    std::vector<int32_t> text = writer.textModel().tokenizer()->encode(prompt, /*addSpecial=*/false);
    Writer::Written written = writer.continueText(text, /*looksBehind=*/true);
    messages.push_back({{"role", "assistant"}, {"content", written.text}});
    writer.textModel().keep(text, messages.dump());
    return written.end;
  } catch (const Error &) {
    messages.erase(messages.size() - 1);
    throw;
  }
}

static constexpr const char *helpText = "/reset   a new conversation\n"
                                        "/exit    leave, as ^D does\n"
                                        "/help    this\n"
                                        "^C stops an answer, or drops the line. Lines can be edited; the arrows up and "
                                        "down go through those before.\n";

/// "/word" and nothing more.
static bool isCommand(const std::string &line) {
  return line.size() > 1 && line[0] == '/' && line.find_first_of(" \t/", 1) == line.npos;
}

/// Answers a line of a person, to whom a fault is said without ending the conversation.
static void answerPerson(Conversation &conversation, Writer &writer, const std::string &line) {
  try {
    writer.explain(conversation.answer(line), "; /reset begins a new conversation");
  } catch (const Error &error) {
    std::fprintf(stderr, "error: %s; /reset begins a new conversation\n", error.what());
  }
}

void converse(Conversation &conversation, Writer &writer) {
  std::unique_ptr<LineReader> lines = LineReader::open();
  const bool isPerson = lines->isInteractive();
  std::optional<InterruptGuard> guard;
  if (isPerson)
    guard.emplace();
  while (std::optional<std::string> line = lines->next()) {
    if (line->find_first_not_of(" \t\r") == line->npos)
      continue;
    if (*line == "/exit" || *line == "/quit")
      return;
    if (*line == "/reset")
      conversation.reset();
    else if (*line == "/help")
      writer.print(helpText);
    else if (isPerson && isCommand(*line))
      std::fprintf(stderr, "%s is no command: /help names them\n", quote(*line).c_str());
    else if (isPerson)
      answerPerson(conversation, writer, *line);
    else
      writer.explain(conversation.answer(*line));
  }
}

void continueLines(Writer &writer) {
  std::unique_ptr<LineReader> lines = LineReader::open();
  InterruptGuard guard;
  std::vector<int32_t> text;
  while (std::optional<std::string> line = lines->next()) {
    if (line->empty())
      continue;
    const TextModel &model = writer.textModel();
    std::vector<int32_t> more =
        text.empty() ? model.encodePrompt(*line + "\n") : model.tokenizer()->encode(*line + "\n", /*addSpecial=*/false);
    text.insert(text.end(), more.begin(), more.end());
    writer.continueText(text);
    writer.textModel().keep(text, "");
  }
}

static std::string readAll(std::FILE *file) {
  std::string text;
  char buffer[65536];
  while (size_t count = std::fread(buffer, 1, sizeof buffer, file))
    text.append(buffer, count);
  return text;
}

void requireTokenizer(const TextOptions &options, bool hasTokenizer) {
  if (!hasTokenizer && (options.promptIds.empty() || !options.ids))
    fail("this model has no tokenizer: it works on token ids, --prompt-ids with --ids");
}

void writeText(const TextOptions &options, TextModel &model, const Output &out) {
  Writer writer(model, options, out);
  requireTokenizer(options, model.tokenizer() != nullptr);
  if (!options.promptIds.empty()) {
    std::vector<int32_t> text = model.savedText();
    text.insert(text.end(), options.promptIds.begin(), options.promptIds.end());
    writer.continueText(text);
    return model.keep(text, "");
  }
  if (options.chat) {
    Conversation conversation(writer, options);
    if (options.chat->empty())
      return converse(conversation, writer);
    return writer.explain(conversation.answer(*options.chat));
  }
  if (!options.prompt && !options.file && isatty(STDIN_FILENO))
    return continueLines(writer);
  std::string prompt = options.prompt ? *options.prompt
                       : options.file ? plainText(readGivenFile(*options.file), *options.file)
                                      : plainText(readAll(stdin), "standard input");
  std::vector<int32_t> text = model.encodePrompt(prompt);
  writer.continueText(text);
  model.keep(text, "");
}

} // namespace xlstm
