//===- Encoder.cpp - documents become the tokens of a model ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/Encoder.h"

#include "ChatText.h"

#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

/// Raised when the same document becomes other tokens, or others of them are learned.
constexpr int encoderVersion = 1;

static std::string fingerprintOf(const fs::path &folder, const Vocabulary &words,
                                 const std::optional<ChatFiles> &chat) {
  Hasher hasher;
  auto add = [&](std::string_view text) {
    uint64_t size = text.size();
    hasher.add(std::as_bytes(std::span(&size, 1)));
    hasher.add(std::as_bytes(std::span(text)));
  };
  add(std::to_string(encoderVersion));
  add(readTextFile(folder / "tokenizer.json", size_t{1} << 32));
  for (int32_t id : words.eos)
    add(std::to_string(id));
  if (chat) {
    add(chat->text);
    add(chat->toolText);
    for (const auto &[name, token] : chat->specialTokens)
      add(name + "=" + token);
  }
  return hexDigits(hasher.value());
}

Encoder Encoder::load(const fs::path &modelFolder, int64_t modelIds) {
  Encoder encoder;
  encoder.folder = modelFolder;
  encoder.words = Vocabulary::load(modelFolder);
  encoder.modelIds = modelIds;
  std::optional<ChatFiles> files;
  try {
    files = findChatTemplate(modelFolder);
    if (files)
      encoder.template_ = std::make_shared<ChatText>(*files);
    else
      encoder.problem = modelFolder.string() + ": the model has no chat template to write it by";
  } catch (const Error &error) { // not missed before a conversation comes
    encoder.problem = error.what();
  }
  encoder.print = fingerprintOf(modelFolder, encoder.words, files);
  return encoder;
}

const ChatText &Encoder::chat(const Document &document) const {
  if (!template_)
    fail(document.origin, ": a conversation: ", problem);
  return *template_;
}

std::string Encoder::textOf(const Document &document) const {
  if (!document.ids.empty())
    return words.tokenizer->decode(document.ids, /*skipSpecial=*/true);
  return document.chat.empty() ? document.text : chat(document).write(document.chat, document.origin).text;
}

/// How many of `ids` lie before byte `at` of `text`, whatever a normalizer does to it: those that the text up to there
/// has as well.
static size_t commonTokens(const Tokenizer &tokenizer, std::span<const int32_t> ids, std::string_view before) {
  std::vector<int32_t> some = tokenizer.encode(before, /*addSpecial=*/false);
  return size_t(std::ranges::mismatch(ids, some).in1 - ids.begin());
}

/// Where each token ends in `text`, when the tokens' bytes are the text; else nothing.
static std::vector<size_t> endsOf(const Tokenizer &tokenizer, std::span<const int32_t> ids, std::string_view text) {
  std::vector<size_t> ends;
  size_t at = 0;
  for (int32_t id : ids) {
    std::string bytes = tokenizer.tokenBytes(id);
    if (text.substr(at, bytes.size()) != bytes)
      return {};
    ends.push_back(at += bytes.size());
  }
  return at == text.size() ? ends : std::vector<size_t>();
}

static TokenDocument encodeChat(const Tokenizer &tokenizer, const WrittenChat &chat) {
  TokenDocument document;
  document.ids = tokenizer.encode(chat.text, /*addSpecial=*/false); // the template writes the bos
  document.learned.assign(document.ids.size(), 0);
  std::vector<size_t> ends = endsOf(tokenizer, document.ids, chat.text);
  // The token that has byte `at`: the first that ends behind it.
  auto tokenOf = [&](size_t at) {
    if (ends.empty())
      return commonTokens(tokenizer, document.ids, std::string_view(chat.text).substr(0, at));
    return size_t(std::ranges::upper_bound(ends, at) - ends.begin());
  };
  for (auto [begin, end] : chat.answers) {
    size_t last = ends.empty() ? tokenOf(end) : tokenOf(end - 1) + 1;
    for (size_t token = tokenOf(begin); token < std::min(last, document.ids.size()); ++token)
      document.learned[token] = 1;
  }
  return document;
}

TokenDocument Encoder::encode(const Document &document) const {
  TokenDocument result;
  try {
    if (!document.ids.empty())
      result = {document.ids, document.learned};
    else if (document.chat.empty())
      result.ids = words.encodeDocument(document.text);
    else
      result = encodeChat(*words.tokenizer, chat(document).write(document.chat, document.origin));
  } catch (const Error &error) {
    std::string text = error.what();
    fail(text.starts_with(document.origin) ? text : document.origin + ": " + text);
  }
  checkTokens(result.ids, modelIds, *words.tokenizer, document.origin);
  return result;
}

std::vector<std::string> readTexts(const CorpusFiles &files, const Encoder &encoder, uint64_t enough) {
  std::vector<std::string> texts;
  uint64_t bytes = 0, most = CorpusLimits().memory;
  forEachDocument(files, [&](Document &document) {
    texts.push_back(encoder.textOf(document));
    bytes += memoryOf(texts.back().size());
    if (bytes > most)
      fail(nameOf(files), ": expected documents of at most ", most, " bytes together, found more");
    return enough == 0 || bytes < enough;
  });
  return texts;
}

} // namespace xlstm
