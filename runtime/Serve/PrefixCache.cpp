//===- PrefixCache.cpp - states of texts that were read before ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/PrefixCache.h"

#include <algorithm>

namespace xlstm::serve {

/// Of the text up to each multiple of a piece, beginning with none, and of the whole text, each made of the one before.
std::vector<FileHash> PrefixCache::keysOf(std::span<const int32_t> text) const {
  std::vector<FileHash> keys = {FileHash()};
  for (; !text.empty(); text = text.subspan(std::min(text.size(), static_cast<size_t>(piece)))) {
    Hasher hasher;
    hasher.add(std::as_bytes(std::span(&keys.back(), 1)));
    hasher.add(std::as_bytes(text.first(std::min(text.size(), static_cast<size_t>(piece)))));
    keys.push_back(hasher.value());
  }
  return keys;
}

/// The hash is no proof: the tokens are compared.
PrefixCache::Entries::iterator PrefixCache::look(const FileHash &key, std::span<const int32_t> text) {
  auto found = byKey.find(key);
  if (found == byKey.end())
    return entries.end();
  const Entry &entry = *found->second;
  const bool isSame = static_cast<size_t>(entry.state->position) == text.size() &&
                      std::equal(text.begin(), text.end(), entry.text->begin());
  return isSame ? found->second : entries.end();
}

std::shared_ptr<const Snapshot> PrefixCache::find(std::span<const int32_t> text) {
  const std::vector<FileHash> keys = keysOf(text);
  auto best = entries.end();
  for (size_t n = keys.size(); --n > 0 && best == entries.end();) {
    const size_t length = std::min(text.size(), n * static_cast<size_t>(piece));
    auto entry = look(keys[n], text.first(length));
    if (entry != entries.end() && (length < text.size() || !entry->state->logits.empty()))
      best = entry;
  }
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) { // few are sessions
    const auto length = static_cast<size_t>(entry->state->position);
    if (entry->state->isSession && length < text.size() &&
        (best == entries.end() || entry->state->position > best->state->position) &&
        std::equal(entry->text->begin(), entry->text->begin() + entry->state->position, text.begin()))
      best = entry;
  }
  ++(best == entries.end() ? counted.misses : counted.hits);
  if (best == entries.end())
    return nullptr;
  entries.splice(entries.begin(), entries, best);
  return best->state;
}

void PrefixCache::add(std::shared_ptr<const Tokens> text, std::shared_ptr<const Snapshot> state) {
  if (!isOn())
    return;
  const FileHash key = keysOf(std::span(*text).first(static_cast<size_t>(state->position))).back();
  if (auto before = byKey.find(key); before != byKey.end())
    remove(before->second);
  entries.push_front({key, std::move(text), std::move(state)});
  byKey[key] = entries.begin();
  shrink();
}

void PrefixCache::remove(Entries::iterator entry) {
  byKey.erase(entry->key);
  entries.erase(entry);
}

void PrefixCache::shrink() {
  for (; store.bytes() > most && !entries.empty(); ++counted.evictions)
    remove(std::prev(entries.end()));
}

void PrefixCache::erase(std::span<const int32_t> text) {
  for (auto entry = entries.begin(); entry != entries.end();) {
    auto next = std::next(entry);
    const size_t length = std::min(text.size(), static_cast<size_t>(entry->state->position));
    if (std::equal(text.begin(), text.begin() + static_cast<int64_t>(length), entry->text->begin()))
      remove(entry);
    entry = next;
  }
}

PrefixCache::Counts PrefixCache::counts() const {
  Counts result = counted;
  result.entries = entries.size();
  return result;
}

} // namespace xlstm::serve
