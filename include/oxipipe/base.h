/*
 * What oxipipe.h is written with: the version of the headers, and the attributes of its functions.
 * Written by hand; tests/header.rs compares the version with the library's.
 */

#ifndef OXIPIPE_BASE_H
#define OXIPIPE_BASE_H

/* The version of these headers. oxp_version() is that of the library the program runs with. */
#define OXP_VERSION_MAJOR 0
#define OXP_VERSION_MINOR 1
#define OXP_VERSION_PATCH 0
#define OXP_VERSION "0.1.0"

/* For comparisons, as in #if OXP_VERSION_NUMBER >= OXP_MAKE_VERSION(0, 2, 0). */
#define OXP_MAKE_VERSION(major, minor, patch) (((major) << 16) | ((minor) << 8) | (patch))
#define OXP_VERSION_NUMBER OXP_MAKE_VERSION(OXP_VERSION_MAJOR, OXP_VERSION_MINOR, OXP_VERSION_PATCH)

/* On every function. Define OXP_STATIC first to link the static library on Windows. */
#if defined(_WIN32) && !defined(OXP_STATIC)
#define OXP_API __declspec(dllimport)
#elif defined(__GNUC__)
#define OXP_API __attribute__((visibility("default")))
#else
#define OXP_API
#endif

/* On functions whose result must be looked at. Define it as nothing first to be left alone. */
#ifndef OXP_NODISCARD
#if defined(__GNUC__)
#define OXP_NODISCARD __attribute__((warn_unused_result))
#elif defined(_MSC_VER) && _MSC_VER >= 1700
#define OXP_NODISCARD _Check_return_
#else
#define OXP_NODISCARD
#endif
#endif

/* A string literal as an oxp_slice, without its NUL, to initialize one with:
 *     oxp_slice args[] = {OXP_LITERAL("SET"), OXP_LITERAL("key"), oxp_str(value)}; */
#define OXP_LITERAL(text) {(const uint8_t *)("" text), sizeof(text) - 1}

/* On functions that will go away; the text says what to use instead and since when. */
#if defined(__GNUC__)
#define OXP_DEPRECATED(text) __attribute__((deprecated(text)))
#elif defined(_MSC_VER)
#define OXP_DEPRECATED(text) __declspec(deprecated(text))
#else
#define OXP_DEPRECATED(text)
#endif

#endif /* OXIPIPE_BASE_H */
