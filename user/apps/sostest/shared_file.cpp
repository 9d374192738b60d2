// SPDX-License-Identifier: BSD-2-Clause
// Small reads and writes that the library does without a system call must look as if each was one:
// two processes do random things to one file, in turns, and everything that either of them sees is
// compared with a model in which nothing is ever delayed.
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared_file.hpp"

#include "roles.hpp"
#include "test.hpp"

namespace sostest {
namespace {

constexpr const char* scratch = "sostest.tmp";
constexpr const char* questions = "sostest.ask";
constexpr const char* answers = "sostest.answer";

constexpr std::size_t largest_file = 200'000;
constexpr std::size_t largest_transfer = 70'000;

char byte_at(std::uint64_t n) {
    return static_cast<char>((n * 2654435761u) >> 11);
}

enum class Do : std::uint32_t {
    read,   // `times` times `size` bytes
    write,  // the same, of bytes that follow from `value`
    seek,   // `times`: from where
    read_at,
    write_at,
    cut,
    ask_size,
    sync,
    duplicate,    // of the first descriptor, as the second
    open_append,  // as the second
    close_second,
    end,
};

struct Question {
    std::uint32_t serial;
    Do what;
    std::uint32_t second;  // which descriptor
    std::uint32_t times;
    std::uint64_t size;  // or where
    std::uint64_t value;
};

struct Answer {
    std::uint32_t serial;
    std::uint32_t sum;  // of the bytes read
    std::int64_t result;
};

std::uint32_t add_to_sum(std::uint32_t sum, const char* data, std::size_t size) {
    for (const char* at = data; at < data + size; ++at) {
        sum = (sum ^ static_cast<unsigned char>(*at)) * 16777619u;
    }
    return sum;
}

/// One of the two, in truth.
class Doer {
  public:
    bool start() {
        files_[0] = open(scratch, O_RDWR);
        return files_[0] >= 0;
    }

    Answer perform(const Question& question) {
        Answer answer{.serial = question.serial, .sum = 0, .result = 0};
        const int file = files_[question.second];
        const auto offset = static_cast<off_t>(question.size);
        switch (question.what) {
            case Do::read:
                for (std::uint32_t i = 0; i < question.times; ++i) {
                    const ssize_t got = ::read(file, buffer_, question.size);
                    if (got < 0) answer.result = -errno;
                    if (got <= 0) break;
                    answer.result += got;
                    answer.sum = add_to_sum(answer.sum, buffer_, static_cast<std::size_t>(got));
                }
                break;
            case Do::write:
                for (std::uint32_t i = 0; i < question.times; ++i) {
                    fill(question.value + i * question.size, question.size);
                    const ssize_t put = ::write(file, buffer_, question.size);
                    if (put < 0) answer.result = -errno;
                    if (put <= 0) break;
                    answer.result += put;
                }
                break;
            case Do::seek:
                answer.result = lseek(file, offset, static_cast<int>(question.times));
                break;
            case Do::read_at:
                answer.result = pread(file, buffer_, question.times, offset);
                if (answer.result > 0) {
                    answer.sum = add_to_sum(0, buffer_, static_cast<std::size_t>(answer.result));
                }
                break;
            case Do::write_at:
                fill(question.value, question.times);
                answer.result = pwrite(file, buffer_, question.times, offset);
                break;
            case Do::cut:
                answer.result = ftruncate(file, offset);
                break;
            case Do::ask_size: {
                struct stat status;
                const bool by_path = question.times != 0;
                answer.result = by_path ? stat(scratch, &status) : fstat(file, &status);
                if (answer.result == 0) answer.result = status.st_size;
                break;
            }
            case Do::sync:
                answer.result = fsync(file);
                break;
            case Do::duplicate:
                files_[1] = dup(files_[0]);
                answer.result = files_[1] >= 0 ? 0 : -errno;
                break;
            case Do::open_append:
                files_[1] = open(scratch, O_RDWR | O_APPEND);
                answer.result = files_[1] >= 0 ? 0 : -errno;
                break;
            case Do::close_second:
                answer.result = close(files_[1]);
                break;
            case Do::end:
                answer.result = close(files_[0]);
                break;
        }
        return answer;
    }

  private:
    void fill(std::uint64_t from, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) buffer_[i] = byte_at(from + i);
    }

    int files_[2] = {-1, -1};
    char buffer_[largest_transfer];
};

Doer doer;

/// The file and the positions as they must be.
class Model {
  public:
    Answer perform(unsigned who, const Question& question) {
        Answer answer{.serial = question.serial, .sum = 0, .result = 0};
        std::size_t& position = *positions_[who][question.second];
        const bool append = appends_[who][question.second];
        switch (question.what) {
            case Do::read:
                for (std::uint32_t i = 0; i < question.times; ++i) {
                    const std::size_t got = read(position, question.size, answer.sum);
                    if (got == 0) break;
                    position += got;
                    answer.result += static_cast<std::int64_t>(got);
                }
                break;
            case Do::write:
                for (std::uint32_t i = 0; i < question.times; ++i) {
                    if (append) position = size_;
                    put(position, question.value + i * question.size, question.size);
                    position += question.size;
                    answer.result += static_cast<std::int64_t>(question.size);
                }
                break;
            case Do::seek:
                position = question.size + (question.times == SEEK_CUR   ? position
                                            : question.times == SEEK_END ? size_
                                                                         : 0);
                answer.result = static_cast<std::int64_t>(position);
                break;
            case Do::read_at:
                answer.result =
                    static_cast<std::int64_t>(read(question.size, question.times, answer.sum));
                break;
            case Do::write_at:
                put(question.size, question.value, question.times);
                answer.result = question.times;
                break;
            case Do::cut:
                if (question.size > size_) memset(bytes_ + size_, 0, question.size - size_);
                size_ = question.size;
                break;
            case Do::ask_size:
                answer.result = static_cast<std::int64_t>(size_);
                break;
            case Do::duplicate:
                positions_[who][1] = positions_[who][0];
                appends_[who][1] = false;
                break;
            case Do::open_append:
                own_[who][1] = 0;
                positions_[who][1] = &own_[who][1];
                appends_[who][1] = true;
                break;
            case Do::sync:
            case Do::close_second:
            case Do::end:;
        }
        return answer;
    }

    std::size_t position(unsigned who, unsigned second) const { return *positions_[who][second]; }
    std::size_t size() const { return size_; }

  private:
    std::size_t read(std::size_t at, std::size_t size, std::uint32_t& sum) const {
        if (at >= size_) return 0;
        const std::size_t got = size < size_ - at ? size : size_ - at;
        sum = add_to_sum(sum, bytes_ + at, got);
        return got;
    }
    void put(std::size_t at, std::uint64_t value, std::size_t size) {
        if (at > size_) memset(bytes_ + size_, 0, at - size_);
        for (std::size_t i = 0; i < size; ++i) bytes_[at + i] = byte_at(value + i);
        if (at + size > size_) size_ = at + size;
    }

    char bytes_[2 * largest_file + 2 * largest_transfer];
    std::size_t size_ = 0;
    std::size_t own_[2][2]{};
    std::size_t* positions_[2][2]{{&own_[0][0], nullptr}, {&own_[1][0], nullptr}};
    bool appends_[2][2]{};
};

Model model;

/// The channel to the other process: two files, read and written at offset 0.
struct Channel {
    int out = -1;
    int in = -1;

    template <typename T>
    bool send(const T& what) const {
        return pwrite(out, &what, sizeof what, 0) == sizeof what;
    }
    template <typename T>
    bool receive(T& what, std::uint32_t serial) const {
        do {
            sched_yield();
            if (pread(in, &what, sizeof what, 0) != sizeof what) return false;
        } while (what.serial != serial);
        return true;
    }
};

std::uint64_t state;

std::uint64_t below(std::uint64_t bound) {  // splitmix64
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % bound;
}

Question transfer(Do what, unsigned second) {
    const bool large = below(8) == 0;
    const std::uint64_t size = 1 + below(large ? 60'000 : below(4) == 0 ? 4100 : 600);
    const auto times = static_cast<std::uint32_t>(large ? 1 : 1 + below(size < 100 ? 60 : 20));
    return {.serial = 0,
            .what = what,
            .second = second,
            .times = times,
            .size = size,
            .value = below(1u << 30)};
}

/// What `who` does next.
Question choose(unsigned who, bool& has_second) {
    const unsigned second = has_second && below(2) == 0 ? 1 : 0;
    const bool far = model.position(who, second) > largest_file;
    Question question{.serial = 0,
                      .what = Do::seek,
                      .second = second,
                      .times = 0,
                      .size = 0,
                      .value = below(1u << 30)};
    if (model.size() > largest_file) {
        question.what = Do::cut;
        question.size = below(1000);
        return question;
    }
    if (far) {
        question.size = below(largest_file / 4);
        return question;
    }
    const std::uint64_t dice = below(16);
    if (dice < 10) return transfer(dice < 6 ? Do::read : Do::write, second);
    switch (dice) {
        case 10:
            question.size = below(model.size() + 10);
            break;
        case 11:
            question.times = below(2) == 0 ? SEEK_END : SEEK_CUR;
            question.size = question.times == SEEK_CUR ? below(100) : 0;
            break;
        case 12:
            question.what = below(2) == 0 ? Do::read_at : Do::write_at;
            question.times = static_cast<std::uint32_t>(1 + below(3000));
            question.size = below(model.size() + 10);
            break;
        case 13:
            question.what = Do::ask_size;
            question.times = static_cast<std::uint32_t>(below(2));
            break;
        case 14:
            question.what = below(3) == 0 ? Do::cut : Do::sync;
            question.size = question.what == Do::cut ? below(model.size() + 5000) : 0;
            break;
        default:
            question.second = 0;
            question.what = has_second      ? Do::close_second
                            : below(2) == 0 ? Do::duplicate
                                            : Do::open_append;
            has_second = !has_second;
    }
    return question;
}

}  // namespace

bool two_processes_see_each_other(std::uint64_t seed, unsigned rounds) {
    state = seed;
    const int file = open(scratch, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0 && close(file) == 0 && doer.start());
    Channel channel;
    channel.out = open(questions, O_RDWR | O_CREAT | O_TRUNC, 0600);
    channel.in = open(answers, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(channel.out >= 0 && channel.in >= 0);
    CHECK(channel.send(Question{}));
    const Answer none{};
    CHECK(pwrite(channel.in, &none, sizeof none, 0) == sizeof none);
    const pid_t child = start_role("windows");
    CHECK(child >= 0);
    bool has_second[2] = {};
    for (std::uint32_t round = 1; round <= rounds + 2; ++round) {
        // Who is at work does several things in a row now and then.
        static unsigned who = 0;
        if (below(2) == 0) who = 1 - who;
        Question question{};
        if (round > rounds) {
            who = round - rounds - 1;
            question.what = Do::end;
        } else {
            question = choose(who, has_second[who]);
        }
        question.serial = round;
        Answer answer;
        if (who == 0) {
            answer = doer.perform(question);
        } else {
            CHECK(channel.send(question));
            CHECK(channel.receive(answer, round));
        }
        const Answer wanted = model.perform(who, question);
        if (answer.result == wanted.result && answer.sum == wanted.sum) continue;
        printf("# seed %lu, round %u: process %u, action %u: %ld for %ld\n", seed, round, who,
               static_cast<unsigned>(question.what), answer.result, wanted.result);
        return false;
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(close(channel.out) == 0 && close(channel.in) == 0);
    CHECK(unlink(questions) == 0 && unlink(answers) == 0 && unlink(scratch) == 0);
    return true;
}

/// Does what the other process asks for.
int serve_windows(const char*) {
    Channel channel;
    channel.in = open(questions, O_RDONLY);
    channel.out = open(answers, O_RDWR);
    if (channel.in < 0 || channel.out < 0 || !doer.start()) return 1;
    for (std::uint32_t serial = 1;;) {
        Question question;
        do {
            sched_yield();
            if (pread(channel.in, &question, sizeof question, 0) != sizeof question) return 2;
        } while (question.serial < serial);
        serial = question.serial + 1;
        if (!channel.send(doer.perform(question))) return 3;
        if (question.what == Do::end) return 0;
    }
}

}  // namespace sostest
