-- Documents as PostgreSQL keeps them: the body as jsonb, what is searched for as generated columns with an index each.
create table document (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  body jsonb not null,
  -- `convert_to` is not immutable, as what is generated must be; text with its backslashes doubled decodes to its own bytes.
  body_hash text generated always as (
    encode(sha256(decode(replace(body::text, e'\\', e'\\\\'), 'escape')), 'hex')
  ) stored,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz,
  archived_at timestamptz,
  username text generated always as (body ->> 'username') stored,
  balance double precision generated always as ((body ->> 'balance')::double precision) stored
);

create function documents_in_range(low double precision, high double precision) returns setof document
  language sql stable
  as 'select * from document where balance >= low and balance < high order by balance desc';
