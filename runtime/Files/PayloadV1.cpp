//===- PayloadV1.cpp - executables as they were written before version 2 --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/PayloadV1.h"

#include <cstring>

namespace xlstm {

namespace {

struct Part {
  uint64_t offset, bytes, checksum;
};

struct Footer {
  Part weights, tokenizer, metadata;
  uint64_t fileBytes, checksum;
  char magic[sizeof payloadMagicV1];
};

} // namespace

FileHash hashOfV1(std::span<const std::byte> bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
    hash = (hash ^ word) * 0x100000001b3u;
  }
  return {hash, 0};
}

Payload readPayloadV1(std::shared_ptr<const MappedFile> file, std::string origin) {
  Payload payload;
  payload.version = 1;
  payload.file = std::move(file);
  payload.origin = std::move(origin);
  std::span<const std::byte> bytes = payload.file->bytes();
  Footer footer;
  if (bytes.size() < sizeof footer)
    payload.complain("it is too short to carry a model");
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof footer, sizeof footer);
  if (hashOfV1(std::as_bytes(std::span(&footer, 1)).first(offsetof(Footer, checksum))).low != footer.checksum)
    payload.complain("the footer behind its model was changed");
  if (footer.fileBytes != bytes.size())
    payload.complain("expected " + std::to_string(footer.fileBytes) + " bytes, found " + std::to_string(bytes.size()));
  for (const auto &[name, part] : {std::pair(section::Weights, footer.weights),
                                   {section::Tokenizer, footer.tokenizer},
                                   {section::Metadata, footer.metadata}}) {
    if (part.offset > bytes.size() || part.bytes > bytes.size() - part.offset)
      payload.complain("a part of its model lies outside of the file");
    PayloadSection row = {{}, part.offset, part.bytes, {part.checksum, 0}};
    name.copy(row.name, sizeof row.name);
    payload.table.push_back(row);
  }
  return payload;
}

} // namespace xlstm
