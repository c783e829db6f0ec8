//===- Documents.h - text corpora: documents of a file --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_DOCUMENTS_H
#define XLSTM_RUNTIME_FILES_DOCUMENTS_H

#include "xlstm/Runtime/Files/FileHash.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace xlstm {

/// What is read of a corpus at most: what memory it takes depends on these, not on the file. Beyond is an Error that
/// says which one. Also in docs/Recipe.md.
struct CorpusLimits {
  uint64_t document = uint64_t{1} << 28; // bytes of a document, and of a line
  uint64_t memory = uint64_t{1} << 32;   // bytes of all documents that are in memory together
  uint64_t expansion = 1000; // bytes that a byte of a compressed file may become, looked at from `document` bytes on
};

/// A document of a corpus: a text, a conversation that a model's chat template makes a text of (Data/Encoder.h), or
/// tokens. Of these one is not empty.
struct Document {
  std::string text;
  std::string chat;             // JSON: {"messages": [...], "tools": [...]}
  std::vector<int32_t> ids;     // as the model reads them, beginning and end of text included
  std::vector<uint8_t> learned; // beside `ids`: a 0 or 1 a token, or empty: all are
  double weight = 1;            // how often training takes it, beside others of weight 1
  std::string origin;           // "FILE: document 3", for errors

  uint64_t numBytes() const { return text.size() + chat.size() + ids.size() * sizeof(int32_t); }
  /// Of what is in it, whatever its weight: which document it is.
  FileHash hash() const;
};

/// A part of all documents that there are, told by their content alone, so that the same document is in it whatever
/// file it stands in, and as often as it stands there. A document's place is from 0 to 1, the first 53 bits of its
/// hash; the part has those from `begin` on and before `end`.
struct DocumentPart {
  double begin = 0, end = 1;

  bool isWhole() const { return begin == 0 && end == 1; }
  double size() const { return end - begin; }
  bool has(const Document &document) const;
  bool meets(const DocumentPart &other) const { return begin < other.end && other.begin < end; }
};

/// Files of a corpus, and which of their documents are meant.
struct CorpusFiles {
  std::vector<std::filesystem::path> paths;
  DocumentPart part;

  CorpusFiles() = default;
  CorpusFiles(std::vector<std::filesystem::path> paths, DocumentPart part = {}) : paths(std::move(paths)), part(part) {}
};

/// "train.txt", "train-0.txt and 3 more", "all.jsonl (2% of its documents)": how errors call a corpus.
std::string nameOf(const CorpusFiles &files);

/// Calls `take` with one document after the other until it says no. UTF-8; `.txt`: separated by a line that holds only
/// `<|eos|>`; `.jsonl`: one object a line with the document under "text", or a conversation under "messages" (and
/// "tools"), or tokens under "input_ids" (and "labels", negative where nothing is learned), and perhaps its "weight".
/// `.parquet`: rows of the same columns, where the build has that; `.safetensors`: a shard of tokens
/// (Data/TokenCorpus.h). The first two may be compressed (`.xz`, `.gz`, `.zst` behind it). Empty documents are
/// left out; line ends may be those of any system, and a byte order mark may come first (PlainText.h). One document is
/// in memory at a time. Throws Error: unreadable, unknown ending, damaged compression, invalid UTF-8 (with the byte's
/// offset), a row of another form, a limit.
void forEachDocument(const std::filesystem::path &path, const std::function<bool(Document &document)> &take,
                     const CorpusLimits &limits = {});

/// The same for the documents that are meant, file by file.
void forEachDocument(const CorpusFiles &files, const std::function<bool(Document &document)> &take,
                     const CorpusLimits &limits = {});

/// All documents, of which none may be a conversation.
std::vector<std::string> readDocuments(const std::filesystem::path &path, const CorpusLimits &limits = {});

/// Whether forEachDocument knows the name's ending.
bool isCorpusName(const std::filesystem::path &path);

/// The files that a recipe or a command line means: a file; all corpus files in a folder and below it, those with a
/// hidden name left out; those that match a pattern (`data/*.jsonl.gz`, with *, ? and [..]) where nothing has that very
/// name. Sorted by name. Throws Error where that is none.
std::vector<std::filesystem::path> findCorpusFiles(const std::filesystem::path &path);

/// The same of a path behind which a part may stand, in hundredths: "all.jsonl@2-98%" has those documents that a domain
/// trains on which holds out `valid: 2%` and `test: 2%`. A file of that very name comes first.
CorpusFiles findCorpus(const std::string &text);

/// What a document takes in memory.
inline uint64_t memoryOf(uint64_t documentBytes) { return documentBytes + sizeof(std::string); }

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_DOCUMENTS_H
