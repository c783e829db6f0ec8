//===- PayloadWriter.cpp - write the model behind an executable -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Payload.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cstring>

namespace xlstm {

void PayloadWriter::hashBlocks(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    size_t count = std::min<uint64_t>(bytes.size(), payloadBlock - blockFill);
    hasher->add(bytes.first(count));
    bytes = bytes.subspan(count);
    blockFill += count;
    if (blockFill == payloadBlock) {
      blocks.push_back(hasher->value());
      hasher = std::make_unique<Hasher>();
      blockFill = 0;
    }
  }
}

void PayloadWriter::write(std::span<const std::byte> bytes) {
  out.write(bytes);
  written += bytes.size();
  isBlocked ? hashBlocks(bytes) : hasher->add(bytes);
}

void PayloadWriter::pad(uint64_t target) {
  static constexpr std::byte zeros[payloadAlignment] = {};
  while (written < target)
    write(std::span(zeros).first(std::min<uint64_t>(sizeof zeros, target - written)));
}

void PayloadWriter::addSection(std::string_view name, const std::function<void()> &body) {
  PayloadSection row = {};
  if (name.size() > sizeof row.name)
    fail("the name of the section '", name, "' is too long");
  std::memcpy(row.name, name.data(), name.size());
  row.offset = written;
  hasher = std::make_unique<Hasher>();
  body();
  row.bytes = written - row.offset;
  row.hash = hasher->value();
  table.push_back(row);
}

void PayloadWriter::addSection(std::string_view name, std::span<const std::byte> bytes) {
  addSection(name, [&] { write(bytes); });
}

void PayloadWriter::addWeights(const std::function<void()> &body) {
  addSection(section::Weights, [&] {
    isBlocked = true;
    body();
    isBlocked = false;
    if (blockFill)
      blocks.push_back(hasher->value());
  });
  table.back().hash = hashOf(std::as_bytes(std::span(blocks)));
  addSection(section::Blocks, std::as_bytes(std::span(blocks)));
}

void PayloadWriter::finish() {
  std::span<const std::byte> rows = std::as_bytes(std::span(table));
  PayloadFooter footer = {};
  footer.sections = table.size();
  footer.fileBytes = written + rows.size() + sizeof footer;
  Hasher whole;
  whole.add(rows);
  whole.add(std::as_bytes(std::span(&footer, 1)).first(offsetof(PayloadFooter, hash)));
  footer.hash = whole.value();
  std::memcpy(footer.magic, payloadMagic, sizeof footer.magic);
  out.write(rows);
  out.write(std::as_bytes(std::span(&footer, 1)));
}

} // namespace xlstm
