//===- Conversation.h - messages and their answers ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_CHAT_CONVERSATION_H
#define RUNTIME_CHAT_CONVERSATION_H

#include "runtime/Chat/Writer.h"
#include "xlstm/Runtime/Text/ChatTemplate.h"

namespace xlstm {

/// A conversation as the model's chat template writes it.
class Conversation {
public:
  /// Error: no template, one that cannot be parsed, a file of tools that is none.
  Conversation(Writer &writer, const TextOptions &options);

  /// Writes the answer to a message and keeps both. Error: the template refuses the conversation, or it is too long; it
  /// is then as before.
  Writer::End answer(const std::string &message);
  /// Forgets everything but the system message.
  void reset();

private:
  Writer &writer;
  const TextOptions &options;
  ChatTemplate chatTemplate;
  ChatOptions variables;
  Json messages;
};

/// Answers standard input's lines until it ends, or /exit; with a person, /help, /reset and ^C, which stops an answer.
void converse(Conversation &conversation, Writer &writer);
/// The same without a template: each line is a piece of one text that the model goes on with.
void continueLines(Writer &writer);

} // namespace xlstm

#endif // RUNTIME_CHAT_CONVERSATION_H
