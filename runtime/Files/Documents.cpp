//===- Documents.cpp - text corpora: documents of a file ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Documents.h"

#include "runtime/Files/ByteSource.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/PlainText.h"
#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Support/Error.h"

#include <utility>

using namespace xlstm;

namespace {

using Take = std::function<bool(std::string &document)>;

/// The lines of a file, without their ends, which are those of PlainText.h, and without its byte order mark.
class Lines {
public:
  Lines(std::unique_ptr<ByteSource> source, std::string name, uint64_t longest)
      : source(std::move(source)), name(std::move(name)), longest(longest) {}

  bool next(std::string &line) {
    line.clear();
    bool found = false;
    uint64_t begin = offset;
    for (bool ended = false; !ended;) {
      if (rest.empty() && (rest = source->next()).empty())
        break;
      if (std::exchange(isAfterReturn, false) && rest.front() == '\n') {
        rest.remove_prefix(1);
        begin = ++offset;
        continue;
      }
      found = true;
      size_t end = rest.find_first_of("\r\n");
      ended = end != rest.npos;
      isAfterReturn = ended && rest[end] == '\r';
      std::string_view part = rest.substr(0, end);
      if (line.size() + part.size() > longest)
        fail(name, ": line ", number + 1, ": expected at most ", longest, " bytes, found more");
      line += part;
      rest.remove_prefix(part.size() + ended);
      offset += part.size() + ended;
    }
    checkText(line, begin);
    number += found;
    return found;
  }

  uint64_t number = 0; // of the line read last, from 1

private:
  /// No line end is inside of a character.
  void checkText(std::string &line, uint64_t begin) const {
    if (size_t valid = validUtf8Prefix(line); valid != line.size())
      fail(name, ": invalid UTF-8 at byte ", begin + valid, number == 0 ? hintOfEncoding(line) : "");
    if (number == 0 && line.starts_with(byteOrderMark))
      line.erase(0, byteOrderMark.size());
  }

  std::unique_ptr<ByteSource> source;
  std::string name;
  uint64_t longest, offset = 0;
  std::string_view rest;
  bool isAfterReturn = false; // a line feed there belongs to the line end before it
};

} // namespace

/// Documents end at lines that hold only the separator; the line end before it is not part of the document.
static void splitText(Lines &lines, const std::string &name, uint64_t longest, const Take &take) {
  std::string document, line;
  bool isFirst = true;
  while (lines.next(line)) {
    if (line == "<|eos|>") {
      if (!document.empty() && !take(document))
        return;
      document.clear();
      isFirst = true;
      continue;
    }
    if (document.size() + !isFirst + line.size() > longest)
      fail(name, ": line ", lines.number, ": expected documents of at most ", longest,
           " bytes (a line <|eos|> ends one), found a longer one");
    document += (isFirst ? "" : "\n") + line;
    isFirst = false;
  }
  if (!document.empty())
    take(document);
}

/// The "text" of every line's object; blank lines are skipped.
static void splitJsonLines(Lines &lines, const std::string &name, const Take &take) {
  std::string line;
  while (lines.next(line)) {
    if (line.find_first_not_of(" \t\r") == line.npos)
      continue;
    std::string origin = name + ": line " + std::to_string(lines.number);
    Json object = parseJson(line, origin);
    auto found = object.is_object() ? object.find("text") : object.end();
    if (!object.is_object() || found == object.end() || !found->is_string())
      fail(origin, ": expected an object with a string 'text'");
    if (auto &text = found->get_ref<std::string &>(); !text.empty() && !take(text))
      return;
  }
}

void xlstm::forEachDocument(const std::filesystem::path &path, const Take &take, const CorpusLimits &limits) {
  std::string name = path.string();
  bool isXz = path.extension() == ".xz";
  std::filesystem::path stem = isXz ? path.stem() : path.filename();
  if (stem.extension() != ".txt" && stem.extension() != ".jsonl")
    fail(name, ": expected a file that ends in .txt, .jsonl, .txt.xz or .jsonl.xz");
  Lines lines(isXz ? openXz(path, limits) : openBytes(path), name, limits.document);
  if (stem.extension() == ".txt")
    splitText(lines, name, limits.document, take);
  else
    splitJsonLines(lines, name, take);
}

std::vector<std::string> xlstm::readDocuments(const std::filesystem::path &path, const CorpusLimits &limits) {
  std::vector<std::string> documents;
  uint64_t bytes = 0;
  auto add = [&](std::string &document) {
    bytes += memoryOf(document.size());
    if (bytes > limits.memory)
      fail(path.string(), ": expected documents of at most ", limits.memory, " bytes together, found more");
    documents.push_back(std::move(document));
    return true;
  };
  forEachDocument(path, add, limits);
  return documents;
}
