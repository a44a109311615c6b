-- What each person has done of a course: begun, and proved by what they did.
CREATE TABLE course_tasks (
    person   text NOT NULL,                   -- a user's name; it may be one of a sandbox only
    course   text NOT NULL,
    version  integer NOT NULL CONSTRAINT course_tasks_version CHECK (version > 0),
    task     text NOT NULL,                   -- or a question
    begun_at timestamptz NOT NULL,            -- what was done before proves nothing
    done_at  timestamptz,
    evidence jsonb NOT NULL DEFAULT '{}',     -- what proved it
    CONSTRAINT course_tasks_pkey PRIMARY KEY (person, course, version, task),
    CONSTRAINT course_tasks_done CHECK (done_at >= begun_at)
);

-- That somebody has finished a course; the number is for whoever is shown it.
CREATE TABLE certificates (
    number      text NOT NULL,
    person      text NOT NULL,
    course      text NOT NULL,
    version     integer NOT NULL,
    at          timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    CONSTRAINT certificates_pkey PRIMARY KEY (number),
    CONSTRAINT certificates_person UNIQUE (person, course, at),
    CONSTRAINT certificates_valid CHECK (valid_until > at)
);
