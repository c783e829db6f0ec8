//===- Slot.cpp - one of the texts that are read and written at a time ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Slot.h"

#include <algorithm>

namespace xlstm::serve {

/// Tokens that are read one by one before others have their turn.
constexpr size_t singles = 8;

Slot::Slot(int id, Workplace &place) : id(id), place(place), session(place.model.makeSession()) {
  if (!place.empty)
    place.empty = place.cache.store.take(*session, nullptr, {});
  last = place.empty;
}

void Slot::become(Tokens tokens, const std::shared_ptr<const Snapshot> &from) {
  from->restore(*session);
  last = from;
  seen = std::move(tokens);
}

void Slot::begin(Task next) {
  task = std::move(next);
  const Job &job = *task.job;
  std::shared_ptr<const Snapshot> from = job.start;
  if (!from && !job.scoresPrompt)
    from = place.cache.find(*job.prompt);
  cached = from ? from->position : 0;
  scored.clear();
  become(Tokens(job.prompt->begin(), job.prompt->begin() + cached), from ? from : place.empty);
  now = State::Reading;
  answer.reset();
  if (cached == static_cast<int64_t>(job.prompt->size()))
    finishPrompt(last->logits);
}

/// One by one, for the chance of each.
std::span<const float> Slot::score(std::span<const int64_t> ids) {
  std::span<const float> found;
  for (int64_t id : ids) {
    found = session->readOne(id);
    seen.push_back(static_cast<int32_t>(id));
    if (seen.size() < task.job->prompt->size())
      scored.push_back(chancesOf(found, (*task.job->prompt)[seen.size()], task.job->options.chances));
  }
  return found;
}

void Slot::read() {
  const auto start = Clock::now();
  const Job &job = *task.job;
  const size_t length = job.prompt->size(), piece = static_cast<size_t>(place.model.piece);
  const size_t most = job.scoresPrompt ? singles : piece - seen.size() % piece;
  const auto next = job.prompt->begin() + static_cast<int64_t>(seen.size());
  const std::vector<int64_t> ids(next, next + static_cast<int64_t>(std::min(most, length - seen.size())));
  std::span<const float> found;
  if (job.scoresPrompt) {
    found = score(ids);
  } else {
    found = session->read(ids);
    seen.insert(seen.end(), ids.begin(), ids.end());
  }
  place.counts.promptTokens += ids.size();
  if (seen.size() == length)
    finishPrompt(found);
  else if (!job.scoresPrompt)
    finishPiece();
  place.counts.readNanoseconds += static_cast<uint64_t>((Clock::now() - start).count());
}

/// Keeps the state where a text that begins like this one may go on from it.
void Slot::finishPiece() {
  const auto length = static_cast<int64_t>(task.job->prompt->size()), position = static_cast<int64_t>(seen.size());
  const bool isLast = position == length / place.model.piece * place.model.piece;
  if (position % place.checkpoint == 0 || isLast)
    keep({});
}

void Slot::keep(std::span<const float> found) {
  if (!place.cache.isOn())
    return;
  last = place.cache.store.take(*session, last.get(), found);
  place.cache.add(task.job->prompt, last);
}

void Slot::finishPrompt(std::span<const float> found) {
  const Job &job = *task.job;
  logits = found;
  now = State::Writing;
  isPromptNew = last->position != session->position() || last->logits.empty();
  if (job.listener && task.choice == 0) {
    place.counts.cachedTokens += static_cast<uint64_t>(cached);
    job.listener->onPrompt(cached, std::move(scored));
  }
  if (job.listener && job.options.most > 0) {
    answer.emplace(job.options, task.choice, place.model.tokenizer, place.model.ends);
    return;
  }
  keepPrompt();
  if (job.listener)
    job.listener->onEnd(task.choice, "", Finish::Length, 0);
  end();
}

/// For the same prompt once more, and for its other choices. The first token is told before: copying takes time.
void Slot::keepPrompt() {
  Job &job = *task.job;
  if (std::exchange(isPromptNew, false)) {
    if (!job.scoresPrompt)
      keep(logits);
    if (job.choices > 1 && last->position != session->position())
      last = place.cache.store.take(*session, last.get(), logits);
  }
  if (job.choices > 1)
    job.start = last;
}

bool Slot::draw() {
  Answer::Step step = answer->next(logits);
  place.counts.writtenTokens += step.isToken;
  Listener &listener = *task.job->listener;
  if (step.isToken)
    listener.onToken(task.choice, step.id, std::move(step.text), std::move(step.chances));
  if (answer->tokens() <= 1 && task.choice == 0)
    keepPrompt();
  if (step.finish) {
    listener.onEnd(task.choice, step.isToken ? std::string() : std::move(step.text), *step.finish, answer->tokens());
    end();
    return false;
  }
  session->checkRoom(1);
  drawn = step.id;
  return true;
}

void Slot::readDrawn(std::span<Slot *const> slots) {
  std::vector<Session *> sessions;
  std::vector<int64_t> ids;
  for (const Slot *slot : slots) {
    sessions.push_back(slot->session.get());
    ids.push_back(slot->drawn);
  }
  const std::vector<std::span<float>> found = sessions.front()->readTogether(sessions, ids);
  for (size_t n = 0; n < slots.size(); ++n) {
    slots[n]->logits = found[n];
    slots[n]->seen.push_back(slots[n]->drawn);
  }
}

void Slot::drop(int status, const std::string &message) {
  if (task.job->listener && !message.empty() && !task.job->isGone.exchange(true))
    task.job->listener->onError(status, message);
  task.job->isGone = true; // its other choices
  end();
}

void Slot::end() {
  now = State::Idle;
  answer.reset();
  task = {};
}

} // namespace xlstm::serve
