//===- TextModel.h - a model that writes for people -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_CHAT_TEXTMODEL_H
#define XLSTM_RUNTIME_CHAT_TEXTMODEL_H

#include "xlstm/Runtime/Chat/Options.h"
#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

#include <functional>

namespace xlstm {

/// A language model that reads and writes one text: the evaluator's, or a compiled one.
class TextModel {
public:
  virtual ~TextModel() = default;

  virtual int64_t vocab() const = 0;
  /// Tokens that a text may have: a teacher forgets those beyond its context.
  virtual int64_t room() const = 0;
  virtual bool isEnd(int32_t id) const = 0;
  /// Null where the model works on token ids only.
  virtual const Tokenizer *tokenizer() const = 0;
  /// Tokens of a text that begins.
  virtual std::vector<int32_t> encodePrompt(std::string_view text) const = 0;
  /// Throws Error where there is none.
  virtual ChatFiles chatTemplate() const = 0;

  /// Makes the model have read `text` (not empty, ids below vocab(), at most room()), to which no more than `more`
  /// tokens will be added. What it has read of it before is not read again. Logits after its last token, valid until
  /// the next call.
  virtual std::span<float> read(std::span<const int32_t> text, int64_t more) = 0;
  /// One token behind that.
  virtual std::span<float> readOne(int32_t id) = 0;

  /// Where a text that was saved goes on: its tokens, and its messages as JSON where it was a conversation.
  virtual std::vector<int32_t> savedText() const { return {}; }
  virtual std::string savedConversation() const { return {}; }
  /// Told after each answer, so that the text may be saved: all its tokens, the last of which may not have been read.
  virtual void keep(std::span<const int32_t> text, const std::string &conversation) {}
};

/// Throws Error for a text asked of a model without a tokenizer: before anything is made ready for it.
void requireTokenizer(const TextOptions &options, bool hasTokenizer);

/// Continues a text or leads a conversation, as the options say. `out` takes what is written; what is said about it
/// goes to standard error. Throws Error.
void writeText(const TextOptions &options, TextModel &model, const std::function<void(std::string_view)> &out);

} // namespace xlstm

#endif // XLSTM_RUNTIME_CHAT_TEXTMODEL_H
