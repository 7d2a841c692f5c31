CASE WHEN told THEN r._version || ':' || r._txid || ':' || octet_length(r.id) || ':' || r.id || ';'
        ELSE '[' || to_json(r.id)::text || ',' || r._version || ',"' || r._txid || '","' || r._order || '",' || r.data::text || ']' END
