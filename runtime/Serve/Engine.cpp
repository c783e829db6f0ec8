//===- Engine.cpp - many texts through one model, a token at a time -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Engine.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <future>

namespace xlstm::serve {

Engine::Engine(EngineModel given, const EngineOptions &options)
    : model(std::move(given)),
      mostWaiting(options.mostWaiting), place{model,
                                              PrefixCache(model.piece, options.cacheBytes),
                                              (std::max<int64_t>(options.checkpoint, 1) + model.piece - 1) /
                                                  model.piece * model.piece,
                                              {},
                                              {}} {
  for (int id = 0; id < options.slots; ++id)
    all.push_back(std::make_unique<Slot>(id, place));
  thread = std::thread([this] { work(); });
}

Engine::~Engine() { close(Clock::duration::zero()); }

Engine::Verdict Engine::submit(const std::vector<std::shared_ptr<Job>> &jobs) {
  std::lock_guard lock(mutex);
  if (isClosing)
    return Verdict::Closing;
  // Those that find a slot do not wait.
  const size_t free = all.size() - std::min(all.size(), static_cast<size_t>(busy.load()));
  if (waiting.size() >= mostWaiting + free)
    return Verdict::Full;
  for (const std::shared_ptr<Job> &job : jobs)
    waiting.push_back({job, 0});
  changed.notify_one();
  return Verdict::Taken;
}

void Engine::readLater(Tokens text) {
  text.resize(text.size() / static_cast<size_t>(model.piece) * static_cast<size_t>(model.piece));
  if (!place.cache.isOn() || text.empty() || all.size() < 2)
    return;
  auto job = std::make_shared<Job>();
  job->prompt = std::make_shared<const Tokens>(std::move(text));
  std::lock_guard lock(mutex);
  if (isClosing)
    return;
  if (later.size() >= all.size())
    later.pop_front();
  later.push_back({std::move(job), 0});
  changed.notify_one();
}

void Engine::wake() {
  std::lock_guard lock(mutex);
  isWoken = true;
  changed.notify_one();
}

size_t Engine::waitingJobs() const {
  std::lock_guard lock(mutex);
  return waiting.size();
}

void Engine::close(Clock::duration patience) {
  {
    std::unique_lock lock(mutex);
    isClosing = true;
    isWoken = true;
    changed.notify_one();
    rested.wait_for(lock, patience, [this] { return busy == 0 && waiting.empty(); });
    isStopping = true;
    changed.notify_one();
  }
  if (thread.joinable())
    thread.join();
}

bool Engine::hasWork() const {
  return isStopping || isWoken || !commands.empty() || !waiting.empty() || isActive || !later.empty();
}

void Engine::work() {
  for (;;) {
    std::deque<std::function<void()>> now;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return hasWork(); });
      isWoken = false;
      now.swap(commands);
      if (isStopping)
        break;
    }
    for (const std::function<void()> &command : now)
      command();
    dropGone();
    admit();
    step();
    count();
    if (busy == 0)
      rested.notify_all();
  }
  for (const std::unique_ptr<Slot> &slot : all)
    if (!slot->isIdle())
      slot->drop(503, shuttingDown);
  refuseWaiting(503, shuttingDown, /*onlyLate=*/false);
  std::lock_guard lock(mutex);
  for (const std::function<void()> &command : commands)
    command();
  commands.clear();
  busy = 0;
  rested.notify_all();
}

/// Tells those in the queue that they will not be answered: all, or those whose time is over. Those that are gone go.
void Engine::refuseWaiting(int status, const std::string &message, bool onlyLate) {
  std::vector<std::shared_ptr<Job>> refused;
  {
    std::lock_guard lock(mutex);
    const auto now = Clock::now();
    std::erase_if(waiting, [&](const Task &task) {
      const bool goes = !onlyLate || task.job->isGone || task.job->deadline < now;
      if (goes && !task.job->isGone.exchange(true))
        refused.push_back(task.job);
      return goes;
    });
  }
  for (const std::shared_ptr<Job> &job : refused)
    job->listener->onError(status, message);
}

void Engine::dropGone() {
  refuseWaiting(503, "the request has waited for as long as it may; the server is busy", /*onlyLate=*/true);
  bool isOver;
  {
    std::lock_guard lock(mutex);
    isOver = isClosing;
  }
  if (isOver)
    refuseWaiting(503, shuttingDown, /*onlyLate=*/false);
  const auto now = Clock::now();
  for (const std::unique_ptr<Slot> &slot : all) {
    if (slot->isIdle())
      continue;
    if (slot->current().job->isGone || (isOver && slot->isBackground()))
      slot->drop(0, "");
    else if (slot->current().job->deadline < now)
      slot->drop(504, "the answer has taken as long as it may");
  }
  recount();
}

/// The first that rests; where none does, the one that works for nobody.
Slot *Engine::findSlot() const {
  for (auto isFree : {&Slot::isIdle, &Slot::isBackground})
    for (const std::unique_ptr<Slot> &slot : all)
      if ((*slot.*isFree)())
        return slot.get();
  return nullptr;
}

std::optional<Task> Engine::takeFirst(std::deque<Task> &queue) {
  std::lock_guard lock(mutex);
  if (queue.empty())
    return std::nullopt;
  Task task = std::move(queue.front());
  queue.pop_front();
  return task;
}

void Engine::admit() {
  while (Slot *slot = findSlot()) {
    std::optional<Task> task = takeFirst(waiting);
    if (!task)
      break;
    if (slot->isBackground())
      slot->drop(0, "");
    guard(*slot, task->job, [&] { slot->begin(*task); });
  }
  // The last slot, so that a text that somebody may want to save stays in the first.
  if (std::optional<Task> task; !isActive && (task = takeFirst(later)))
    guard(*all.back(), task->job, [&] { all.back()->begin(*task); });
}

/// A token for each text that is being written; whether there are any.
bool Engine::write() {
  std::vector<Slot *> writers;
  bool writes = false;
  for (const std::unique_ptr<Slot> &slot : all)
    if (slot->state() == Slot::State::Writing) {
      writes = true;
      guard(*slot, slot->current().job, [&] {
        if (slot->draw())
          writers.push_back(slot.get());
      });
    }
  try {
    if (!writers.empty())
      Slot::readDrawn(writers);
  } catch (const std::exception &error) {
    for (Slot *slot : writers)
      slot->drop(500, error.what());
    recount();
  }
  return writes;
}

void Engine::step() {
  const auto start = Clock::now();
  const bool writes = write();
  const auto written = Clock::now();
  if (writes) {
    ++place.counts.decodes;
    place.counts.writeNanoseconds += static_cast<uint64_t>((written - start).count());
  }
  owed = writes ? std::max(owed - (written - start), Clock::duration::zero()) : Clock::duration::zero();
  if (owed > Clock::duration::zero())
    return;
  for (size_t n = 0; n < all.size(); ++n) {
    Slot &slot = *all[nextReader++ % all.size()];
    if (slot.state() != Slot::State::Reading || (slot.isBackground() && busy))
      continue;
    guard(slot, slot.current().job, [&] { slot.read(); });
    owed = Clock::now() - written;
    return;
  }
}

void Engine::guard(Slot &slot, std::shared_ptr<Job> job, const std::function<void()> &work) {
  try {
    work();
  } catch (const std::exception &error) {
    slot.drop(500, error.what());
  }
  if (slot.isIdle() && job->readsAnswer && !job->isGone)
    readLater(slot.text());
  if (job->start && !job->isForked) {
    job->isForked = true;
    std::lock_guard lock(mutex);
    for (int choice = job->choices; --choice > 0;)
      waiting.push_front({job, choice});
  }
  recount();
}

void Engine::recount() {
  isActive = std::ranges::any_of(all, [](const auto &one) { return !one->isIdle(); });
  busy = static_cast<int>(
      std::ranges::count_if(all, [](const auto &one) { return !one->isIdle() && !one->isBackground(); }));
}

void Engine::count() {
  const PrefixCache::Counts found = place.cache.counts();
  EngineCounts &counts = place.counts;
  counts.states = found.entries;
  counts.stateBytes = place.cache.bytes();
  counts.stateHits = found.hits;
  counts.stateMisses = found.misses;
  counts.stateEvictions = found.evictions;
}

void Engine::call(std::function<void()> command) {
  std::promise<void> done;
  {
    std::lock_guard lock(mutex);
    if (isStopping)
      fail(shuttingDown);
    commands.push_back([&] {
      try {
        command();
        done.set_value();
      } catch (...) {
        done.set_exception(std::current_exception());
      }
    });
    changed.notify_one();
  }
  done.get_future().get();
}

std::vector<SlotStatus> Engine::status() {
  std::vector<SlotStatus> result;
  call([&] {
    for (const std::unique_ptr<Slot> &slot : all) {
      const Job *job = slot->current().job.get();
      result.push_back({slot->id, slot->state(), job ? static_cast<int64_t>(job->prompt->size()) : 0,
                        static_cast<int64_t>(slot->text().size())});
    }
  });
  return result;
}

Slot &Engine::atRest(int slot) {
  Slot &found = *all.at(static_cast<size_t>(slot));
  if (!found.isIdle())
    fail("slot ", slot, " is busy");
  return found;
}

Engine::Saved Engine::save(int slot) {
  Saved saved;
  call([&] {
    Slot &found = atRest(slot);
    if (found.text().empty())
      fail("slot ", slot, " has read no text");
    saved = {found.text(), found.snapshot()};
  });
  return saved;
}

void Engine::restore(int slot, Saved saved) {
  call([&] {
    atRest(slot).become(saved.text, saved.state);
    place.cache.add(std::make_shared<const Tokens>(std::move(saved.text)), saved.state);
  });
}

size_t Engine::erase(int slot) {
  size_t tokens = 0;
  call([&] {
    Slot &found = atRest(slot);
    tokens = found.text().size();
    if (tokens)
      place.cache.erase(found.text());
    found.become({}, place.empty);
  });
  return tokens;
}

} // namespace xlstm::serve
