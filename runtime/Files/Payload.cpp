//===- Payload.cpp - read the model behind an executable ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Payload.h"

#include "runtime/Files/PayloadV1.h"
#include "xlstm/Support/Error.h"

#include <cstring>

namespace xlstm {

static std::string_view nameOf(const PayloadSection &row) { return {row.name, strnlen(row.name, sizeof row.name)}; }

static FileHash hashOfTable(std::span<const std::byte> table, const PayloadFooter &footer) {
  Hasher hasher;
  hasher.add(table);
  hasher.add(std::as_bytes(std::span(&footer, 1)).first(offsetof(PayloadFooter, hash)));
  return hasher.value();
}

void Payload::complain(const std::string &what) const {
  fail(origin, " is damaged: ", what, "; compile the model again");
}

void Payload::readTable() {
  std::span<const std::byte> bytes = file->bytes();
  PayloadFooter footer;
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof footer, sizeof footer);
  constexpr uint64_t most = 64;
  uint64_t size = footer.sections * sizeof(PayloadSection);
  if (footer.sections > most || size > bytes.size() - sizeof footer)
    complain("the footer behind its model was changed");
  std::span<const std::byte> rows = bytes.subspan(bytes.size() - sizeof footer - size, size);
  if (hashOfTable(rows, footer) != footer.hash)
    complain("the footer behind its model was changed");
  if (footer.fileBytes != bytes.size())
    complain("expected " + std::to_string(footer.fileBytes) + " bytes, found " + std::to_string(bytes.size()));
  table.resize(footer.sections);
  std::memcpy(table.data(), rows.data(), rows.size());
  for (const PayloadSection &row : table)
    if (row.offset > bytes.size() || row.bytes > bytes.size() - row.offset)
      complain("a part of its model lies outside of the file");
}

std::optional<Payload> Payload::find(std::shared_ptr<const MappedFile> file, std::string origin) {
  std::string_view text = file->text(), magic(payloadMagic, sizeof payloadMagic);
  if (text.size() < sizeof(PayloadFooter))
    return std::nullopt;
  std::string_view found = text.substr(text.size() - magic.size());
  if (found == std::string_view(payloadMagicV1, sizeof payloadMagicV1))
    return readPayloadV1(file, std::move(origin));
  if (found != magic)
    return std::nullopt;
  Payload payload;
  payload.file = std::move(file);
  payload.origin = std::move(origin);
  payload.readTable();
  return payload;
}

const PayloadSection *Payload::row(std::string_view name) const {
  for (const PayloadSection &row : table)
    if (nameOf(row) == name)
      return &row;
  return nullptr;
}

std::span<const std::byte> Payload::bytesOf(std::string_view name) const {
  const PayloadSection *found = row(name);
  return found ? file->bytes().subspan(found->offset, found->bytes) : std::span<const std::byte>();
}

std::string_view Payload::textOf(std::string_view name) const {
  std::span<const std::byte> bytes = bytesOf(name);
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

uint64_t Payload::weightsOffset() const {
  const PayloadSection *found = row(section::Weights);
  return found ? found->offset : file->bytes().size();
}

uint64_t Payload::numBlocks() const {
  return isRecorded() ? (bytesOf(section::Weights).size() + payloadBlock - 1) / payloadBlock : 0;
}

void Payload::check(std::string_view name) const {
  const PayloadSection *found = row(name);
  if (!found)
    return;
  if (name == section::Weights && isRecorded()) {
    check(section::Blocks);
    for (uint64_t block = 0; block < numBlocks(); ++block)
      checkBlock(block);
    return;
  }
  FileHash hash = isRecorded() ? hashOf(bytesOf(name)) : hashOfV1(bytesOf(name));
  bool isWhole = name != section::Blocks || found->bytes == numBlocks() * sizeof(FileHash);
  if (hash != found->hash || !isWhole)
    complain("its " + std::string(name) + " differs from what was put in");
}

std::span<const std::byte> Payload::blockOf(uint64_t block) const {
  std::span<const std::byte> weights = bytesOf(section::Weights);
  uint64_t offset = block * payloadBlock;
  return weights.subspan(offset, std::min(payloadBlock, weights.size() - offset));
}

void Payload::checkBlock(uint64_t block, std::span<const std::byte> bytes) const {
  FileHash expected;
  std::memcpy(&expected, bytesOf(section::Blocks).data() + block * sizeof expected, sizeof expected);
  if (hashOf(bytes) != expected)
    complain("its weights differ from what was put in, in the MiB at byte " + std::to_string(block * payloadBlock));
}

void Payload::checkAll() const {
  for (const PayloadSection &row : table)
    check(nameOf(row));
}

} // namespace xlstm
