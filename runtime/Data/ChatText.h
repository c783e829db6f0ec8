//===- ChatText.h - conversations as a model's chat template writes them --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_CHATTEXT_H
#define XLSTM_RUNTIME_DATA_INTERNAL_CHATTEXT_H

#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Text/ChatTemplate.h"

#include <utility>
#include <vector>

namespace xlstm {

/// A conversation in text, and the parts of it, in bytes [begin, end), that the assistant says.
struct WrittenChat {
  std::string text;
  std::vector<std::pair<size_t, size_t>> answers;
};

class ChatText {
public:
  /// Throws Error for a template that cannot be parsed.
  explicit ChatText(const ChatFiles &files);

  /// `chat`: Document::chat. An answer goes from where the template would have the model begin it to the end of what
  /// closes it (such as <|im_end|>), without white space behind that; one with "weight" 0 is left out. Throws Error.
  WrittenChat write(const std::string &chat, const std::string &origin) const;

private:
  ChatTemplate plain, withTools;
  ChatOptions options;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_CHATTEXT_H
