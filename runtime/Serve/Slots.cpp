//===- Slots.cpp - /slots: what is at work, sessions saved and restored ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Service.h"
#include "xlstm/Runtime/Files/StateFile.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

namespace xlstm::serve {

void listSlots(Exchange exchange) {
  const Service &service = exchange.service;
  Json list = Json::array();
  for (const SlotStatus &slot : exchange.service.engine.status()) {
    const char *state = slot.state == Slot::State::Idle      ? "idle"
                        : slot.state == Slot::State::Reading ? "reading"
                                                             : "writing";
    list.push_back({{"id", slot.id},
                    {"n_ctx", service.context()},
                    {"is_processing", slot.state != Slot::State::Idle},
                    {"state", state},
                    {"n_prompt_tokens", slot.promptTokens},
                    {"n_past", slot.readTokens}});
  }
  exchange.send(list);
}

static int slotOf(const Exchange &exchange) {
  const std::string &path = exchange.request.path;
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::optional<int> id = toNumber<int>(name);
  if (!id || *id < 0 || *id >= exchange.service.engine.slots())
    throw ApiError(404, "expected a slot from 0 to " + std::to_string(exchange.service.engine.slots() - 1) +
                            ", found " + quote(name));
  return *id;
}

/// A plain name in the folder of --slot-save-path.
static std::filesystem::path fileOf(const Exchange &exchange, std::string &name) {
  const std::string &folder = exchange.service.options.slotFolder;
  if (folder.empty())
    throw ApiError(501, "this server saves no slots: it was started without --slot-save-path");
  const Json body = exchange.body();
  name = Fields(body).text("filename");
  if (name.empty() || name[0] == '.' || name.size() > 200 || name.find_first_of("/\\") != name.npos ||
      escapeControls(name) != name)
    Fields(body).refuse("filename", "a name without folders that does not begin with a point", &body["filename"]);
  return std::filesystem::path(folder) / name;
}

static double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

static void save(const Exchange &exchange, int id) {
  std::string name;
  const std::filesystem::path path = fileOf(exchange, name);
  Engine::Saved saved = exchange.service.engine.save(id);
  SavedState file{saved.text, "", std::vector<std::byte>(saved.state->bytes)};
  saved.state->write(file.state);
  writeStateFile(path, exchange.service.model.identity, file);
  exchange.send({{"id_slot", id},
                 {"filename", name},
                 {"n_saved", saved.text.size()},
                 {"n_written", std::filesystem::file_size(path)},
                 {"timings", {{"save_ms", millisecondsSince(exchange.start)}}}});
}

static void restore(const Exchange &exchange, int id) {
  std::string name;
  const std::filesystem::path path = fileOf(exchange, name);
  Service &service = exchange.service;
  auto file = MappedFile::findInside(path.parent_path(), name);
  if (!file)
    throw ApiError(404, "no session was saved as " + quote(name), "filename");
  SavedState found = readStateFile(*file, service.model.identity, service.engine.stateBytes(), service.model.vocab);
  const size_t tokens = found.tokens.size();
  service.engine.restore(
      id, {std::move(found.tokens), service.engine.store().makeSession(found.state, static_cast<int64_t>(tokens))});
  exchange.send({{"id_slot", id},
                 {"filename", name},
                 {"n_restored", tokens},
                 {"n_read", file->bytes().size()},
                 {"timings", {{"restore_ms", millisecondsSince(exchange.start)}}}});
}

/// POST /slots/ID?action=save|restore|erase
void changeSlot(Exchange exchange) {
  const int id = slotOf(exchange);
  const std::string action = exchange.request.parameter("action");
  try {
    if (action == "save")
      return save(exchange, id);
    if (action == "restore")
      return restore(exchange, id);
    if (action == "erase")
      return exchange.send({{"id_slot", id}, {"n_erased", exchange.service.engine.erase(id)}});
  } catch (const ApiError &) {
    throw;
  } catch (const Error &error) {
    throw ApiError(400, error.what());
  }
  throw ApiError(400, "action: expected save, restore or erase, found " + quote(action), "action");
}

} // namespace xlstm::serve
