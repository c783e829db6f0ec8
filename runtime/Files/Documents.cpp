//===- Documents.cpp - text corpora: documents of a file ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Documents.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/PlainText.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;

/// Splits at lines that hold only the separator; the line end before it is not part of the document.
static std::vector<std::string> splitText(std::string_view text) {
  constexpr std::string_view separator = "<|eos|>";
  std::vector<std::string> documents;
  size_t start = 0, line = 0;
  auto add = [&](size_t end) {
    std::string_view document = text.substr(start, end - start);
    if (document.ends_with('\n'))
      document.remove_suffix(1);
    if (!document.empty())
      documents.emplace_back(document);
  };
  while (line < text.size()) {
    size_t end = std::min(text.find('\n', line), text.size());
    size_t next = std::min(end + 1, text.size());
    if (text.substr(line, end - line) == separator) {
      add(line);
      start = next;
    }
    line = next;
  }
  add(text.size());
  return documents;
}

/// The "text" of every line's object; blank lines are skipped.
static std::vector<std::string> splitJsonLines(std::string_view text, const std::string &name) {
  std::vector<std::string> documents;
  size_t number = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.find_first_not_of(" \t") == line.npos)
      continue;
    std::string origin = name + ": line " + std::to_string(number);
    Json object = parseJson(line, origin);
    auto found = object.is_object() ? object.find("text") : object.end();
    if (!object.is_object() || found == object.end() || !found->is_string())
      fail(origin, ": expected an object with a string 'text'");
    if (!found->get_ref<const std::string &>().empty())
      documents.push_back(found->get<std::string>());
  }
  return documents;
}

std::vector<std::string> xlstm::readDocuments(const std::filesystem::path &path) {
  std::string name = path.string();
  std::filesystem::path stem = path.extension() == ".xz" ? path.stem() : path.filename();
  if (stem.extension() != ".txt" && stem.extension() != ".jsonl")
    fail(name, ": expected a file that ends in .txt, .jsonl, .txt.xz or .jsonl.xz");
  std::string text = plainText(readMaybeCompressed(path), name); // JSON writes a line end inside a string as \n
  return stem.extension() == ".txt" ? splitText(text) : splitJsonLines(text, name);
}
