/* list.h: intrusive doubly linked list. The node is a field of the object; the list owns nothing.
 * A node that is in no list is linked to itself, so list_del() may be called twice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

#define LIST_INIT(name)                                                                            \
    {                                                                                              \
        &(name), &(name)                                                                           \
    }

#define container_of(ptr, type, member) ((type *) (void *) ((char *) (ptr) -offsetof(type, member)))

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_append(struct list *head, struct list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

static inline void list_prepend(struct list *head, struct list *node)
{
    list_append(head->next, node);
}

static inline void list_del(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The first object of the list, or NULL. */
#define list_first(head, type, member)                                                             \
    (list_empty(head) ? NULL : container_of((head)->next, type, member))

/* it: a pointer of the object's type, declared by the caller. The body may delete it, and only it.
 */
#define list_for_each(it, head, member)                                                            \
    for (struct list *it##_node = (head)->next, *it##_next = it##_node->next;                      \
         it##_node != (head) && ((it) = container_of(it##_node, __typeof__(*(it)), member), true); \
         it##_node = it##_next, it##_next = it##_node->next)
