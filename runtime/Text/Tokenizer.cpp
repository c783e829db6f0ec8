//===- Tokenizer.cpp - tokenizers out of tokenizer.json -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Text/Tokenizer.h"

#include "runtime/Text/AddedTokens.h"
#include "runtime/Text/Decoder.h"
#include "runtime/Text/Model.h"
#include "runtime/Text/Normalizer.h"
#include "runtime/Text/PostProcessor.h"
#include "runtime/Text/PreTokenizer.h"
#include "runtime/Text/Unicode.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/Utf8.h"

#include <limits>
#include <mutex>

using namespace xlstm;
using namespace xlstm::text;

namespace {
/// What encoding writes to besides its result.
struct Scratch {
  SplitScratch split;
  WordCache words;
};
} // namespace

struct Tokenizer::Impl {
  Normalizer normalizer;
  Vocabulary vocabulary;
  std::unique_ptr<Model> model;
  AddedTokens added;
  PreTokenizer preTokenizer;
  PostProcessor postProcessor;
  Decoder decoder;

  explicit Impl(const Node &root);
  void encode(std::string_view text, Scratch &scratch, std::vector<int32_t> &out) const;

  /// A thread takes a scratch for a text and gives it back, so that words stay known from text to text.
  std::unique_ptr<Scratch> take() {
    std::lock_guard lock(mutex);
    if (idle.empty())
      return std::make_unique<Scratch>();
    std::unique_ptr<Scratch> scratch = std::move(idle.back());
    idle.pop_back();
    return scratch;
  }
  void giveBack(std::unique_ptr<Scratch> scratch) {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(scratch));
  }

private:
  std::mutex mutex;
  std::vector<std::unique_ptr<Scratch>> idle;
};

Tokenizer::Impl::Impl(const Node &root)
    : normalizer(root.member("normalizer")),
      vocabulary(root.member("model"), isByteLevel(root.member("pre_tokenizer"))),
      model(readModel(root.member("model"), vocabulary)), added(root.member("added_tokens"), normalizer, vocabulary),
      preTokenizer(root.member("pre_tokenizer")), postProcessor(root.member("post_processor"), vocabulary),
      decoder(root.member("decoder"), vocabulary.isByteLevel()) {}

void Tokenizer::Impl::encode(std::string_view text, Scratch &scratch, std::vector<int32_t> &out) const {
  std::vector<Segment> segments, inner;
  added.split(text, /*isNormalized=*/false, segments);
  for (const Segment &segment : segments) {
    if (segment.id >= 0) {
      out.push_back(segment.id);
      continue;
    }
    bool begins = segment.text.data() == text.data();
    Normalized made;
    Piece whole{segment.text, begins ? firstCharacter(text).length : 0};
    if (!normalizer.keeps(segment.text)) {
      made = normalizer.apply(whole.text, whole.atStart, scratch.split.regex);
      whole = {made.text, made.atStart};
    }
    inner.clear();
    added.split(whole.text, /*isNormalized=*/true, inner);
    for (const Segment &piece : inner) {
      if (piece.id >= 0) {
        out.push_back(piece.id);
        continue;
      }
      Piece part = whole.part(size_t(piece.text.data() - whole.text.data()), piece.text.size());
      for (const Piece &word : preTokenizer.split(part, scratch.split))
        model->encode(word.text, scratch.words, out);
    }
  }
}

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;
Tokenizer &Tokenizer::operator=(Tokenizer &&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::parse(std::string_view json, const std::string &origin) {
  Json root = parseJson(json, origin);
  return Tokenizer(std::make_unique<Impl>(Node(root, origin)));
}

Tokenizer Tokenizer::load(const std::string &path) { return parse(readTextFile(path), path); }

std::vector<int32_t> Tokenizer::encode(std::string_view text, bool addSpecial) const {
  if (size_t valid = validUtf8Prefix(text); valid != text.size())
    fail("text to tokenize: invalid UTF-8 at byte ", valid);
  if (text.size() > size_t(std::numeric_limits<int32_t>::max()))
    fail("text to tokenize: expected less than 2 GiB, found ", text.size(), " bytes");
  std::vector<int32_t> ids;
  if (addSpecial)
    ids = impl->postProcessor.before;
  std::unique_ptr<Scratch> scratch = impl->take();
  impl->encode(text, *scratch, ids);
  impl->giveBack(std::move(scratch));
  if (addSpecial)
    ids.insert(ids.end(), impl->postProcessor.after.begin(), impl->postProcessor.after.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skipSpecial) const {
  StreamDecoder decoder(*this, skipSpecial);
  std::string text;
  for (int32_t id : ids)
    text += decoder.next(id);
  return text + decoder.finish();
}

std::string Tokenizer::tokenBytes(int32_t id) const {
  if (!impl->vocabulary.has(id))
    return {};
  const std::string &token = impl->vocabulary.bytesOf(id);
  return impl->vocabulary.isByteLevel() || isSpecial(id) ? token : impl->decoder.bytesOf(token);
}

std::string Tokenizer::decodeNext(int32_t id, std::vector<StreamDecoder::State> &states) const {
  if (!impl->vocabulary.has(id))
    return {};
  const std::string &token = impl->vocabulary.bytesOf(id);
  return impl->vocabulary.isByteLevel() ? token : impl->decoder.take(token, states);
}

std::string Tokenizer::decodeRest(std::vector<StreamDecoder::State> &states) const {
  return impl->vocabulary.isByteLevel() ? std::string() : impl->decoder.finish(states);
}

std::optional<int32_t> Tokenizer::idOf(std::string_view token) const { return impl->vocabulary.idOf(token); }
bool Tokenizer::isSpecial(int32_t id) const { return impl->added.isSpecial(id); }
int32_t Tokenizer::vocabSize() const { return impl->vocabulary.size(); }
std::span<const int32_t> Tokenizer::before() const { return impl->postProcessor.before; }
std::span<const int32_t> Tokenizer::after() const { return impl->postProcessor.after; }
