//===- Snapshot.cpp - a state as it was at one token ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Snapshot.h"

#include <algorithm>
#include <cstring>

namespace xlstm::serve {

SnapshotStore::SnapshotStore()
    : live(std::make_shared<std::atomic<uint64_t>>(0)), zeros(std::make_shared<const Snapshot::Page>()) {}

std::shared_ptr<const Snapshot::Page> SnapshotStore::makePage(std::span<const std::byte> from) const {
  auto page = std::make_unique<Snapshot::Page>();
  std::memcpy(page->data(), from.data(), from.size());
  std::memset(page->data() + from.size(), 0, page->size() - from.size());
  std::shared_ptr<const Snapshot::Page> result(page.get(), [count = live](const Snapshot::Page *dead) {
    *count -= snapshotPage;
    delete dead;
  });
  page.release();
  *live += snapshotPage;
  return result;
}

std::shared_ptr<const Snapshot> SnapshotStore::take(Session &session, const Snapshot *before,
                                                    std::span<const float> logits) {
  return make(session.viewState(), session.position(), before, logits, before && before->isSession);
}

std::shared_ptr<const Snapshot> SnapshotStore::make(std::span<const std::byte> state, int64_t position,
                                                    const Snapshot *before, std::span<const float> logits,
                                                    bool isSession) const {
  std::shared_ptr<Snapshot> result(new Snapshot, [count = live](const Snapshot *dead) {
    *count -= dead->ownBytes();
    delete dead;
  });
  result->position = position;
  result->isSession = isSession;
  result->bytes = state.size();
  result->logits.assign(logits.begin(), logits.end());
  result->pages.reserve((state.size() + snapshotPage - 1) / snapshotPage);
  for (size_t at = 0; at < state.size(); at += snapshotPage) {
    std::span<const std::byte> part = state.subspan(at, std::min(snapshotPage, state.size() - at));
    auto equals = [&](const std::shared_ptr<const Snapshot::Page> &page) {
      return std::memcmp(page->data(), part.data(), part.size()) == 0;
    };
    const size_t n = at / snapshotPage;
    const bool keeps = before && n < before->pages.size() && equals(before->pages[n]);
    result->pages.push_back(keeps ? before->pages[n] : equals(zeros) ? zeros : makePage(part));
  }
  *live += result->ownBytes();
  return result;
}

void Snapshot::restore(Session &session) const {
  session.restore([this](std::span<std::byte> state) { write(state); }, position);
}

void Snapshot::write(std::span<std::byte> state) const {
  for (size_t at = 0; at < bytes; at += snapshotPage) { // what is there already is not written again
    const size_t size = std::min(snapshotPage, bytes - at);
    if (const Page &page = *pages[at / snapshotPage]; std::memcmp(state.data() + at, page.data(), size) != 0)
      std::memcpy(state.data() + at, page.data(), size);
  }
}

} // namespace xlstm::serve
