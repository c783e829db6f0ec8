//===- LineReader.cpp - lines from a person or a pipe ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Chat/LineReader.h"
#include "runtime/Chat/Interrupt.h"
#include "xlstm/Runtime/Files/PlainText.h"

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <histedit.h>
#include <iostream>
#include <langinfo.h>
#include <string_view>
#include <unistd.h>

namespace xlstm {

static constexpr const char *promptText = "> ";

namespace {

/// A pipe or a file, or a terminal that cannot move its cursor.
class PlainReader : public LineReader {
public:
  bool isInteractive() const override { return isatty(STDIN_FILENO); }
  std::optional<std::string> next() override {
    if (isInteractive())
      std::fputs(promptText, stderr);
    forgetInterrupt();
    std::string line;
    if (!std::getline(std::cin, line))
      return std::nullopt;
    line = plainText(line + '\n', "standard input");
    return line.substr(0, line.size() - 1);
  }
};

/// libedit on a terminal.
class Editor : public LineReader {
public:
  Editor();
  ~Editor() override;
  bool isInteractive() const override { return true; }
  std::optional<std::string> next() override;

private:
  static unsigned char drop(EditLine *editor, int);

  EditLine *editor;
  History *history;
  HistEvent event = {};
  bool dropped = false;
};

} // namespace

/// libedit counts columns by the locale: text here is UTF-8, whatever the environment says.
static void useUtf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
    std::setlocale(LC_CTYPE, "C.UTF-8");
}

Editor::Editor() {
  useUtf8();
  editor = el_init("chat", stdin, stdout, stderr);
  history = history_init();
  ::history(history, &event, H_SETSIZE, 1000);
  ::history(history, &event, H_SETUNIQUE, 1);
  el_set(editor, EL_CLIENTDATA, this);
  el_set(editor, EL_PROMPT, +[](EditLine *) { return const_cast<char *>(promptText); });
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_HIST, ::history, history);
  el_set(editor, EL_SIGNAL, 1); // the window's size
  // While a line is edited ^C is a key like others: it drops the line.
  el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
  el_set(editor, EL_ADDFN, "xlstm-drop", "Drop the line", drop);
  el_set(editor, EL_BIND, "^C", "xlstm-drop", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

Editor::~Editor() {
  el_end(editor);
  history_end(history);
}

unsigned char Editor::drop(EditLine *editor, int) {
  void *self = nullptr;
  el_get(editor, EL_CLIENTDATA, &self);
  static_cast<Editor *>(self)->dropped = true;
  return CC_NEWLINE;
}

std::optional<std::string> Editor::next() {
  for (;;) {
    dropped = false;
    forgetInterrupt();
    int count = 0;
    el_set(editor, EL_PREP_TERM, 1); // before the prompt invites keys, which libedit alone would do after it
    const char *line = el_gets(editor, &count);
    if (dropped || wasInterrupted()) { // the latter before libedit has set the terminal
      std::fputs("^C\n", stdout);
      continue;
    }
    if (!line || count <= 0) {
      std::fputs("\n", stdout);
      return std::nullopt;
    }
    std::string text(line, static_cast<size_t>(count));
    if (text.find_first_not_of(" \t\n") != text.npos)
      ::history(history, &event, H_ENTER, line);
    if (text.ends_with('\n'))
      text.pop_back();
    return text;
  }
}

std::unique_ptr<LineReader> LineReader::open() {
  const char *term = std::getenv("TERM");
  bool moves = term && *term && std::string_view(term) != "dumb";
  if (moves && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
    return std::make_unique<Editor>();
  return std::make_unique<PlainReader>();
}

} // namespace xlstm
