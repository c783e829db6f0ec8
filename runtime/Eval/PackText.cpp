//===- PackText.cpp - held-out documents to pieces to rows ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Eval/BitsPerByte.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <map>

namespace xlstm {

namespace {

/// A document as tokens of which all but the first are predicted.
struct Encoded {
  std::vector<int32_t> ids;
  int64_t bytes; // of the predicted ones
};

/// `count` tokens of a document that are inputs; each has the token behind it as its label.
struct Piece {
  size_t document;
  int64_t begin, count;
};

struct Row {
  int64_t used = 0;
  std::vector<Piece> pieces;
};

using Documents = std::vector<std::vector<int32_t>>;

} // namespace

/// Best fit, longest piece first: rows are nearly full, and the order is the same on every run.
static std::vector<Row> packPieces(std::vector<Piece> pieces, int64_t rowTokens) {
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece &a, const Piece &b) { return a.count > b.count; });
  std::vector<Row> rows;
  std::multimap<int64_t, size_t> room; // free tokens -> row
  for (const Piece &piece : pieces) {
    auto best = room.lower_bound(piece.count);
    size_t row = best == room.end() ? rows.size() : best->second;
    if (best == room.end())
      rows.emplace_back();
    else
      room.erase(best);
    rows[row].pieces.push_back(piece);
    rows[row].used += piece.count;
    room.emplace(rowTokens - rows[row].used, row);
  }
  return rows;
}

static void fillRow(const Row &row, const Documents &documents, int64_t *ids, int32_t *docs, int64_t *labels,
                    int64_t rowTokens) {
  int64_t t = 0;
  for (const Piece &piece : row.pieces) {
    const int32_t *tokens = documents[piece.document].data() + piece.begin;
    for (int64_t start = t, i = 0; i < piece.count; ++i, ++t) {
      ids[t] = tokens[i];
      labels[t] = tokens[i + 1];
      docs[t] = int32_t(start);
    }
  }
  std::fill(docs + t, docs + rowTokens, int32_t(t)); // the unused end is a document of its own
}

static Encoded encode(const Vocabulary &vocabulary, const std::string &document) {
  Encoded result{vocabulary.encodeDocument(document), int64_t(document.size())};
  std::vector<int32_t> context = vocabulary.context();
  if (!context.empty() && (result.ids.empty() || result.ids.front() != context.front()))
    result.ids.insert(result.ids.begin(), context.front());
  else if (context.empty() && vocabulary.tokenizer->before().empty() && !result.ids.empty())
    result.bytes -= int64_t(vocabulary.tokenizer->tokenBytes(result.ids.front()).size()); // nothing predicts it
  return result;
}

PackedText packHeldOut(const Vocabulary &vocabulary, const std::vector<std::string> &documents, int64_t pieceTokens,
                       int64_t tokenLimit) {
  if (pieceTokens < 1)
    fail("bits per byte: pieces of ", pieceTokens, " tokens, expected at least 1");
  PackedText text;
  Documents encoded;
  std::vector<Piece> pieces;
  for (const std::string &document : documents) {
    if (tokenLimit > 0 && text.tokens >= tokenLimit)
      break;
    auto [ids, bytes] = encode(vocabulary, document);
    int64_t predicted = std::max<int64_t>(int64_t(ids.size()) - 1, 0);
    if (tokenLimit > 0 && text.tokens + predicted > tokenLimit) {
      predicted = tokenLimit - text.tokens;
      for (int64_t i = 1; i <= predicted; ++i)
        text.bytes += vocabulary.tokenizer->tokenBytes(ids[i]).size();
    } else {
      text.bytes += bytes;
    }
    for (int64_t begin = 0; begin < predicted; begin += pieceTokens)
      pieces.push_back({encoded.size(), begin, std::min(pieceTokens, predicted - begin)});
    text.tokens += predicted;
    encoded.push_back(std::move(ids));
  }
  std::vector<Row> rows = packPieces(std::move(pieces), pieceTokens);
  int64_t R = rows.size(), T = pieceTokens;
  text.ids_RT = at::zeros({R, T}, at::kLong);
  text.docs_RT = at::zeros({R, T}, at::kInt);
  text.labels_RT = at::full({R, T}, -1, at::kLong);
  for (int64_t r = 0; r < R; ++r)
    fillRow(rows[r], encoded, text.ids_RT.data_ptr<int64_t>() + r * T, text.docs_RT.data_ptr<int32_t>() + r * T,
            text.labels_RT.data_ptr<int64_t>() + r * T, T);
  return text;
}

uint64_t PackedText::hash() const {
  ContentHash hash;
  for (const at::Tensor *tensor : {&ids_RT, &docs_RT, &labels_RT})
    hash.update(std::span(static_cast<const std::byte *>(tensor->data_ptr()), tensor->nbytes()));
  hash.update(std::to_string(ids_RT.size(1)) + " " + std::to_string(bytes));
  return hash.value();
}

} // namespace xlstm
