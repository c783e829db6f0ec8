//===- Gather.h - the answers of one request ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_GATHER_H
#define RUNTIME_SERVE_GATHER_H

#include "runtime/Serve/Service.h"

namespace xlstm::serve {

/// What an answer has, or what it has got since the last event of a stream.
struct Written {
  std::string text;
  std::vector<int32_t> ids;
  std::vector<TokenChances> chances; // those of the last ids: an echoed prompt's first has none
  size_t offset = 0;                 // characters of the answer before
  bool isFirst = false;              // nothing of it was sent
  std::optional<Finish> finish;
};

/// How an endpoint shows answers.
class Format {
public:
  virtual ~Format() = default;
  virtual const char *name(bool isStream) const = 0; // "object"
  virtual const char *prefix() const = 0;            // of the id
  virtual Json choice(int index, const Written &written, bool isStream) const = 0;
  /// Where the prompt is part of the answer: of that number; else nothing.
  virtual std::optional<Written> echo(size_t prompt) const { return std::nullopt; }
};

/// Listens to all choices of all prompts of a request and sends them: as they come, or at the end. But for the making
/// all of it is in the thread of the model.
class Gather : public std::enable_shared_from_this<Gather> {
public:
  Gather(Exchange exchange, std::unique_ptr<Format> format, size_t prompts, int choices, bool isStream,
         bool countsUsage);

  std::shared_ptr<Listener> listenTo(size_t prompt);
  /// Those that go when one of them fails.
  void setJobs(const std::vector<std::shared_ptr<Job>> &given) { jobs.assign(given.begin(), given.end()); }
  void setPromptTokens(size_t tokens) { promptTokens = tokens; }

private:
  class Ear;

  void onPrompt(size_t prompt, int64_t cached, std::vector<TokenChances> scored);
  void onToken(size_t index, int32_t id, std::string text, std::optional<TokenChances> chances);
  void onEnd(size_t index, const std::string &rest, Finish finish, int64_t tokens);
  void onError(int status, const std::string &message);
  void log(int status) const;
  void flush(size_t index);
  void finish();
  Json frame(Json choices) const;
  Json usage() const;
  void sendEvent(const Json &event);

  Exchange exchange;
  std::unique_ptr<Format> format;
  const int choices;
  const bool isStream, countsUsage;
  std::string id;
  const int64_t created;
  std::vector<Written> answers;         // prompt * choices + choice
  std::vector<std::weak_ptr<Job>> jobs; // which own this
  size_t promptTokens = 0, cachedTokens = 0, writtenTokens = 0, ended = 0;
  bool hasBegun = false, isOver = false;
};

/// Characters, not bytes.
size_t charactersOf(std::string_view text);
/// A token as text of its own; bytes that are none as "bytes:\xe2".
std::string nameOf(const Service &service, int32_t id);
/// OpenAI's finish_reason; null while there is none.
Json nameOf(const std::optional<Finish> &finish);

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_GATHER_H
