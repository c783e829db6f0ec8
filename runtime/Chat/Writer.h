//===- Writer.h - continues a text token by token -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_CHAT_WRITER_H
#define RUNTIME_CHAT_WRITER_H

#include "xlstm/Runtime/Chat/TextModel.h"

namespace xlstm {

using Output = std::function<void(std::string_view)>;

class Writer {
public:
  Writer(TextModel &model, const TextOptions &options, const Output &out);

  /// Why a text stops where it does: the model ended it, -n, the model's context, ^C.
  enum class End { Model, Tokens, Context, Interrupt };
  struct Written {
    std::string text;
    End end = End::Model;
  };
  /// Reads `text`, writes its continuation and a line break behind it, and adds its tokens to `text`. With
  /// `looksBehind` a text that the model would have ended at the last token that -n allows counts as ended. Throws
  /// Error for a text that is empty or longer than the model has room for.
  Written continueText(std::vector<int32_t> &text, bool looksBehind = false);

  TextModel &textModel() const { return model; }
  void print(std::string_view text) const { out(text); }
  /// Of a text that was cut, a line on standard error.
  void explain(End end, const char *more = "") const;

private:
  void check(const std::vector<int32_t> &text) const;

  TextModel &model;
  const TextOptions &options;
  Output out;
  Sampler sampler;
};

} // namespace xlstm

#endif // RUNTIME_CHAT_WRITER_H
