//===- Documents.h - text corpora: documents of a file --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_DOCUMENTS_H
#define XLSTM_RUNTIME_FILES_DOCUMENTS_H

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
  uint64_t expansion = 1000;             // bytes that a byte of .xz may become, looked at from `document` bytes on
};

/// Calls `take` with one document after the other until it says no. UTF-8; `.txt`: separated by a line that holds only
/// `<|eos|>`; `.jsonl`: one object a line with the document under "text". Either may be compressed by xz (`.txt.xz`,
/// `.jsonl.xz`). Empty documents are left out; line ends may be those of any system, and a byte order mark may come
/// first (PlainText.h). One document is in memory at a time. Throws Error: unreadable, unknown ending, corrupt or
/// truncated xz, invalid UTF-8 (with the byte's offset), a limit.
void forEachDocument(const std::filesystem::path &path, const std::function<bool(std::string &document)> &take,
                     const CorpusLimits &limits = {});

/// All documents.
std::vector<std::string> readDocuments(const std::filesystem::path &path, const CorpusLimits &limits = {});

/// What a document takes in memory.
inline uint64_t memoryOf(uint64_t documentBytes) { return documentBytes + sizeof(std::string); }

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_DOCUMENTS_H
