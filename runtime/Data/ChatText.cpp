//===- ChatText.cpp - conversations as a model's chat template writes them ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ChatText.h"

#include "xlstm/Support/Error.h"

#include <algorithm>

using namespace xlstm;

static constexpr const char *whiteSpace = " \t\r\n";

/// Without white space at its end, which no template means to be learned.
static size_t trimmedSize(std::string_view text) { return text.find_last_not_of(whiteSpace) + 1; }

static std::string_view trimmed(std::string_view text) {
  size_t begin = std::min(text.find_first_not_of(whiteSpace), text.size());
  return text.substr(begin, trimmedSize(text) - std::min(begin, trimmedSize(text)));
}

namespace {

/// One conversation that is being written.
class Writing {
public:
  Writing(const ChatTemplate &writer, const ChatOptions &options, const Json &messages, const std::string &origin)
      : writer(writer), options(options), messages(messages), origin(origin) {
    written.text = first(messages.size(), false);
  }

  WrittenChat run() {
    for (size_t n = 0; n < messages.size(); ++n)
      if (messages[n]["role"] == "assistant" && messages[n].value("weight", 1.0) != 0)
        add(n);
    return std::move(written);
  }

private:
  /// The first `count` messages.
  std::string first(size_t count, bool addPrompt) {
    options.addGenerationPrompt = addPrompt;
    Json some = Json::array();
    for (size_t n = 0; n < count; ++n)
      some.push_back(messages[n]);
    try {
      return writer.render(some, options);
    } catch (const Error &error) {
      fail(origin, ": the first ", count, " messages: ", error.what());
    }
  }

  void add(size_t n) {
    std::string before = first(n, true), until = first(n + 1, false);
    // A prompt may go on with what only an answer to come has, such as <think>.
    size_t begin = size_t(std::ranges::mismatch(before, written.text).in1 - before.begin());
    size_t last = written.answers.empty() ? 0 : written.answers.back().second;
    if (begin < last || (n > 0 && begin < trimmedSize(first(n, false))))
      fail(origin, ": message ", n + 1,
           ": the chat template writes what is before it in another way than when it is to be answered; expected a "
           "conversation in which each answer follows a question");
    size_t end = written.text.starts_with(until) ? trimmedSize(until) : endIn(n, begin, until);
    if (end > begin)
      written.answers.emplace_back(begin, end);
  }

  /// For templates that write an answer otherwise once the conversation goes on: it ends with what has closed it then.
  size_t endIn(size_t n, size_t begin, const std::string &until) const {
    auto content = messages[n].find("content");
    bool isText = content != messages[n].end() && content->is_string();
    std::string text = isText ? content->get<std::string>() : "";
    std::string_view said = trimmed(text);
    if (size_t at = said.empty() ? until.npos : until.rfind(said); at != until.npos) {
      std::string_view closing = trimmed(std::string_view(until).substr(at + said.size()));
      size_t again = written.text.find(said, begin);
      size_t found = closing.empty() ? again : written.text.find(closing, again == written.text.npos ? begin : again);
      if (found != written.text.npos)
        return found + (closing.empty() ? said.size() : closing.size());
    }
    fail(origin, ": message ", n + 1, ": cannot tell where it ends in what the chat template writes");
  }

  const ChatTemplate &writer;
  ChatOptions options;
  const Json &messages;
  const std::string &origin;
  WrittenChat written;
};

} // namespace

ChatText::ChatText(const ChatFiles &files)
    : plain(ChatTemplate::parse(files.textFor(false), files.origin)),
      withTools(ChatTemplate::parse(files.textFor(true), files.origin)) {
  options.specialTokens = files.specialTokens;
}

WrittenChat ChatText::write(const std::string &chat, const std::string &origin) const {
  Json object = parseJson(chat, origin);
  ChatOptions variables = options;
  auto tools = object.find("tools");
  bool hasTools = tools != object.end();
  if (hasTools)
    variables.variables["tools"] = *tools;
  return Writing(hasTools ? withTools : plain, variables, object.at("messages"), origin).run();
}
