//===- Payload.h - the model behind an executable -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An executable is the linked program, padded to a page, then the weights, tokenizer.json and a little more, each a
// section with a name, then the table of sections, then a footer. Every byte is covered by a hash. All of it is mapped
// from /proc/self/exe: sections of the ELF would break past 2 GB.

#ifndef XLSTM_RUNTIME_FILES_PAYLOAD_H
#define XLSTM_RUNTIME_FILES_PAYLOAD_H

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

/// The weights begin at a multiple of this.
constexpr uint64_t payloadAlignment = 4096;
/// Weights are hashed by blocks of so many bytes, the last one shorter.
constexpr uint64_t payloadBlock = uint64_t{1} << 20;
constexpr char payloadMagic[16] = "xlstm model v2\n";

/// Names of sections; those that a reader does not know it leaves alone.
namespace section {
constexpr std::string_view Program = "program";
constexpr std::string_view Weights = "weights"; // the hash in the table is that of Blocks
constexpr std::string_view Blocks = "blocks";   // a FileHash for every block of the weights
constexpr std::string_view Tokenizer = "tokenizer";
constexpr std::string_view Metadata = "metadata";
} // namespace section

/// A row of the table: bytes of the file.
struct PayloadSection {
  char name[16];
  uint64_t offset, bytes;
  FileHash hash;
};

/// The last bytes of the file.
struct PayloadFooter {
  uint64_t sections;  // rows of the table, which lies before the footer
  uint64_t fileBytes; // of the whole executable, footer included
  FileHash hash;      // of the table and of this footer up to here
  char magic[sizeof payloadMagic];
};

/// The model behind an executable. Opening it checks table and footer, and the sections no further than check() is
/// asked to.
class Payload {
public:
  /// Nothing when the file carries no model. Throws Error, beginning with `origin`, when the model is damaged or of
  /// another format.
  static std::optional<Payload> find(std::shared_ptr<const MappedFile> file, std::string origin);

  /// The bytes of a section; none where there is no such section.
  std::span<const std::byte> bytesOf(std::string_view name) const;
  std::string_view textOf(std::string_view name) const;
  /// Throws Error when a section differs from what was put in.
  void check(std::string_view name) const;
  /// The same for the block of that number of the weights.
  void checkBlock(uint64_t block) const { checkBlock(block, blockOf(block)); }
  /// The same for `bytes` that are to be that block.
  void checkBlock(uint64_t block, std::span<const std::byte> bytes) const;
  /// The bytes of a block, of payloadBlock or, the last one, fewer.
  std::span<const std::byte> blockOf(uint64_t block) const;
  uint64_t numBlocks() const;
  /// Where the weights begin: the program and its padding end there.
  uint64_t weightsOffset() const;
  /// The hash of the table: executables that have the same carry the same.
  FileHash identity() const { return hashOf(std::as_bytes(std::span(table))); }
  /// Checks every byte of the file.
  void checkAll() const;
  /// False for an executable of version 1, whose program and format are not covered by hashes.
  bool isRecorded() const { return version > 1; }

private:
  friend Payload readPayloadV1(std::shared_ptr<const MappedFile> file, std::string origin);
  const PayloadSection *row(std::string_view name) const;
  [[noreturn]] void complain(const std::string &what) const;
  void readTable();

  std::shared_ptr<const MappedFile> file;
  std::string origin;
  std::vector<PayloadSection> table;
  int version = 2;
};

/// Writes an executable's sections, one behind the other, and at the end table and footer.
class PayloadWriter {
public:
  explicit PayloadWriter(AtomicFile &out) : out(out) {}
  /// What `body` writes becomes a section. Zeros up to the weights' alignment belong to the program.
  void addSection(std::string_view name, const std::function<void()> &body);
  void addSection(std::string_view name, std::span<const std::byte> bytes);
  void addSection(std::string_view name, std::string_view text) { addSection(name, std::as_bytes(std::span(text))); }
  /// The weights and their blocks; `body` writes them.
  void addWeights(const std::function<void()> &body);
  void write(std::span<const std::byte> bytes);
  void pad(uint64_t target);
  uint64_t position() const { return written; }
  void finish();

private:
  void hashBlocks(std::span<const std::byte> bytes);

  AtomicFile &out;
  uint64_t written = 0;
  std::vector<PayloadSection> table;
  std::unique_ptr<Hasher> hasher = std::make_unique<Hasher>(); // of the section that is being written
  bool isBlocked = false;
  uint64_t blockFill = 0; // bytes in the block that is being written
  std::vector<FileHash> blocks;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_PAYLOAD_H
